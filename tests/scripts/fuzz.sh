#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/fuzz.sh SET: programs by chance over the whole interface for a few seconds each, over the archive of SET and
# those of other options that are built beside it; the kept seeds; and three bugs that must be found.
# TEST-ONCE: other options are among it
# TEST-LIMIT: 400
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" programs
cd "$(dirname "$0")/../.." || exit 1
failed=0
"$1/fuzz/fuzz" run tests/fuzz/seeds.hex || failed=1
for set in "$1" "$1"/{speed,notls,notls-speed}; do
    [[ -x $set/fuzz/fuzz ]] || continue
    echo "$set"
    "$set/fuzz/fuzz" random 2 '' "$set/fuzz/failures" || failed=1
done
tests/fuzz/selftest "$1" calloc_forgets_slots malloc_ignores_enter realloc_copies_little || failed=1
exit $failed

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/sealed.sh SET [SEED]: the stress test with 100 MB reserved and the allocator sealed,
# under SECCOMP_MODE_STRICT: any system call but read, write and exit would kill it.
# TEST-LIMIT: 200
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" programs
failed=0
for kind in static static-pie; do
    for threads in 1 2 4; do
        timeout 60 "$1/tests/$kind/tests/stress/threads" "${2:-0}" 4 $threads sealed || {
            echo "$kind, $threads threads: status $?"
            failed=1
        }
    done
done
exit $failed

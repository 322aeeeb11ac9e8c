#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/symbols.sh SET: the archives offer exactly the names that linker/*.symbols list.
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
set=$1
export LC_ALL=C
failed=0
for list in linker/*.symbols; do
    archive=$set/lib$(basename "$list" .symbols).a
    offered=$(readelf -sW "$archive" |
        awk '$5 ~ /GLOBAL|WEAK/ && $6 == "DEFAULT" && $7 != "UND" { print $8 }' | sort -u)
    if ! difference=$(diff <(grep -v '^#' "$list") <(echo "$offered")); then
        printf '%s (<) and %s (>) differ:\n%s\n' "$list" "$archive" "$difference"
        failed=1
    fi
done
exit $failed

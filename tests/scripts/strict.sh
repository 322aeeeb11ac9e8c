#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/strict.sh SET: the example sorts as sort does; after it has entered strict mode it makes no
# call but read, write and exit; what it cannot hold it refuses by its own words, not by a signal.
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" programs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() {
    echo "$*"
    failed=1
}
awk 'BEGIN { srand(5); for (i = 0; i < 200000; i++) { n = int(rand() * 30); line = "";
    while (n-- > 0) line = line sprintf("%c", 33 + int(rand() * 90)); print line } }' >"$work/lines"
{ head -c 300000 /dev/zero | tr '\0' x && printf '\nb\na' ; } >"$work/long"
: >"$work/empty"
head -c 80000000 /dev/zero | tr '\0' x >"$work/huge"
for kind in static static-pie; do
    strict=$1/tests/$kind/examples/strict
    for file in lines long empty; do
        timeout 60 "$strict" <"$work/$file" >"$work/sorted" || complain "$kind $file: status $?"
        LC_ALL=C sort "$work/$file" | cmp - "$work/sorted" || complain "$kind $file"
    done
    said=$(timeout 60 "$strict" <"$work/huge" 2>&1)
    [[ $? -eq 1 && $said == "strict: too much text for what was reserved" ]] || complain "$kind huge: $said"
    timeout 60 strace -o "$work/trace" "$strict" <"$work/lines" >/dev/null 2>&1
    sed -n '/^prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT/,$p' "$work/trace" | sed -E '1d; s/\(.*//' | sort -u >"$work/calls"
    diff - "$work/calls" <<<$'+++ exited with 0 +++\nexit\nread\nwrite' || complain "$kind: after prctl these calls (>)"
done
said=$(qemu-x86_64 "$strict" <"$work/lines" 2>&1)
[[ $? -eq 77 && $said == *"no seccomp"* ]] || complain "under QEMU: $said"
exit $failed

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/examples.sh SET: every section of examples/README.md has a command, and those by make
# example-NAME and of a program in build/ work (the others have tests of their own); make example-NAME
# works under QEMU too where no seccomp is needed.
# TEST-ONCE: the commands build the default set
# TEST-LIMIT: 240
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
unset MAKEFLAGS MAKELEVEL MFLAGS EMULATOR
failed=0
count=0
# complain WHAT: with what the command said.
complain() {
    echo "$1:"
    cat "$work"
    failed=1
}
work=$(mktemp)
trap 'rm -f "$work"' EXIT
while IFS=$'\t' read -r name command; do
    if [[ -z $command ]]; then
        : >"$work"
        complain "examples/README.md: $name has no command"
        continue
    fi
    [[ $command == make\ example-* || $command == make\ build/* ]] || continue
    timeout -k 5 120 bash -c "$command" >"$work" 2>&1 </dev/null || complain "$command"
    count=$((count + 1))
    [[ $command == make\ example-* ]] || continue
    grep -q '(exit status 77)\|no seccomp' "$work" && complain "$command: without seccomp"
done < <(awk '/^## / { if (name) print name "\t" command; name = $2; command = "" }
    /^```$/ { getline; if (name && !command) command = $0 }
    END { print name "\t" command }' examples/README.md)
((count >= 8)) || { : >"$work" && complain "only $count commands"; }
for name in hello threads request_heaps no_thread_pointer injected; do
    EMULATOR=qemu-x86_64 timeout -k 5 120 make "example-$name" >"$work" 2>&1 || complain "$name under QEMU"
done
exit $failed

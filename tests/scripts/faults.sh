#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/faults.sh SET: lets every single memory system call of tests/faults/workload fail in
# turn, and everything from some call on, and runs it in every tight limit of address space: what is
# refused is null with ENOMEM, and nothing else changes.
# TEST-ONCE: the compiler makes no difference to what is refused
# TEST-LIMIT: 900
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" programs
program=$1/tests/static/tests/faults/workload
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
runs=0 failed=0

run() { # what, command
    local what=$1
    shift
    runs=$((runs + 1))
    timeout 90 "$@" >"$work/output" 2>&1 && return
    echo "status $? with $what" && tail -n 5 "$work/output"
    failed=$((failed + 1))
}

strace -qq -f -o "$work/calls" "$program" 1 0 >"$work/output" 2>&1 || {
    cat "$work/output"
    exit 1
}
for call in mmap munmap mremap madvise; do
    count=$(grep -c " $call(\|^$call(" "$work/calls")
    for ((number = 1; number <= count; number++)); do
        run "$call number $number of $count failing" strace -qq -f -o /dev/null -e trace=$call \
            -e "inject=$call:error=ENOMEM:when=$number" "$program" 1 0 any
    done
    for number in 1 2 3 5 10 20 40; do
        ((number <= count)) || continue
        # The last check of the program, that memory can be had again, cannot hold here: a limit
        # that is none leaves it out.
        run "$call failing from number $number on" strace -qq -f -o /dev/null -e trace=$call \
            -e "inject=$call:error=ENOMEM:when=$number+" "$program" 1 1000000000 any
    done
done
for ((kib = 0; kib < 12000; kib += 8 + kib / 12)); do
    run "$kib KiB of address space" "$program" 1 $((kib + 1))
done
echo "$runs runs, $failed failed"
exit $((failed > 0))

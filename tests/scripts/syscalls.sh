#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/syscalls.sh SET [--print]: the README's table of system calls is exactly what strace sees
# of the stress test, the examples and a misuse: no call is missing there, and none is there that is
# not made. Rows marked (rare) need not be seen. --print shows what was seen. And emma_stats counts
# exactly the memory calls that strace sees.
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" programs
set=$1
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Runs a program under strace, one file a thread, so that every call stands whole in its line.
trace() {
    (timeout 200 strace -qq -s 0 -ff -o "$work/trace" "$@" || true) >/dev/null 2>&1
}
for kind in static static-pie; do
    trace "$set/tests/$kind/tests/stress/threads" 1 1 4
    trace "$set/tests/$kind/tests/faults/huge"
    trace "$set/tests/$kind/tests/freestanding/trim" small
    trace "$set/tests/$kind/tests/freestanding/thread_ends" 20
    trace "$set/tests/$kind/tests/freestanding/reserve" no-faults
    trace "$set/tests/$kind/examples/request_heaps"
    trace "$set/tests/$kind/examples/hello"
    trace "$set/tests/$kind/examples/threads"
    trace "$set/tests/$kind/tests/misuse/misuse" 1
done

# The shape of a call: results dropped, addresses ADDR, numbers N; 0 and NULL stay where they choose.
# What the programs print themselves, to descriptor 1, is no call of Emma's.
cat "$work"/trace.* | sed -E -e '/^(execve|\+\+\+|---|write\(1,)/d' -e 's/ += .*$//' -e 's/ <unfinished.*$//' \
    -e 's/0x[0-9a-f]+/ADDR/g' -e 's/"[^"]*"(\.\.\.)?/TEXT/g' \
    -e 's/^(exit|exit_group)\(.*/\1(N)/' -e 's/\[[0-9]*\]/[N]/g' \
    -e 's/(futex\(ADDR, [A-Z_]+), [0-9]+/\1, N/' -e 's/^write\(2,/write(TWO,/' -e 's/\], 8\)/], N)/' \
    -e 's/([(,] ?)[1-9][0-9]*/\1N/g' -e 's/TWO/2/' | sort -u >"$work/seen"
if [[ ${2-} == --print ]]; then
    cat "$work/seen"
    exit 0
fi

# shellcheck disable=SC2016  # the backquotes are Markdown's
sed -n '/system calls: begin/,/system calls: end/p' "$here/../../README.md" |
    grep '`' | sed 's/\\|/%/g' >"$work/rows"
# shellcheck disable=SC2016
sed -E 's/^[^`]*`([^`]*)`.*$/\1/; s/%/|/g' "$work/rows" | sort -u >"$work/table"
# shellcheck disable=SC2016
grep -v '(rare)' "$work/rows" | sed -E 's/^[^`]*`([^`]*)`.*$/\1/; s/%/|/g' | sort -u >"$work/always"
failed=0
for arguments in "1" "2" "3 3000"; do
    rm -f "$work"/trace.*
    # shellcheck disable=SC2086  # several words
    counted=$(strace -qq -s 0 -ff -o "$work/trace" "$set/tests/static/tests/faults/workload" $arguments 2>&1 |
        sed -n 's/^system calls *//p')
    made=$(cat "$work"/trace.* | grep -cE '^(mmap|munmap|mremap|madvise)\(')
    [[ $counted == "$made" && $made -gt 20 ]] && continue
    echo "workload $arguments: emma_stats counts '$counted' memory system calls, strace $made" && failed=1
done
if [[ -n $(comm -23 "$work/seen" "$work/table") ]]; then
    echo "made, but not in the README's table:" && comm -23 "$work/seen" "$work/table" && failed=1
fi
if [[ -n $(comm -13 "$work/seen" "$work/always") ]]; then
    echo "in the README's table, but not made:" && comm -13 "$work/seen" "$work/always" && failed=1
fi
[[ -s $work/table ]] || failed=1
exit $failed

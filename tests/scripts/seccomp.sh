#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/seccomp.sh SET: the list in emma_seccomp.h is the README's table and the numbers in
# arch/; every stress test passes under its filter from the first instruction on, with the calls of
# its own that its TEST-CALLS line names, and dies without them or without Emma's. And the test of the filter
# (tests/freestanding/seccomp) finds mistakes.
# TEST-ONCE: the list is the same in every set
# TEST-LIMIT: 240
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" programs
set=$1
root=$(dirname "$0")/../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() {
    echo "$*"
    failed=1
}

# ---- one list
"$set/tests/static/tests/freestanding/seccomp" list 2>"$work/list" || complain "no list"
# shellcheck disable=SC2016  # the backquotes are Markdown's
sed -n '/system calls: begin/,/system calls: end/p' "$root/README.md" | grep '`' | sed -E 's/\\\|/%/g' |
    sed -E 's/^\| ([a-z_]+) \| `([^`]*)`.*$/\1\t\2/; s/%/|/g' | sort >"$work/table"
# Which of the two libraries has a line, by its groups: 1 and 16 are the allocator's.
awk -F '\t' -v OFS='\t' '{ print ($1 % 16 == 1 ? "libemma" : $1 % 2 ? "both" : "libemma_crt"), $3 }' "$work/list" |
    sort >"$work/header"
diff "$work/table" "$work/header" || complain "the README's table (<) is not the list of emma_seccomp.h (>)"
sed -nE 's/^ +kSys[A-Za-z]+ = ([0-9]+),$/\1/p' "$root/arch/x86_64/syscall_numbers.h" | sort >"$work/numbers"
diff "$work/numbers" <(cut -f 2 "$work/list" | sort -u) || complain "arch/'s numbers (<) are not the list's (>)"
echo '#include <asm/unistd.h>' | gcc -E -dM - | sed -nE 's/^#define __NR_([a-z0-9_]+) ([0-9]+)$/\1 \2/p' >"$work/names"
awk -F '[\t(]' 'NR == FNR { split($0, name, " "); number[name[1]] = name[2]; next } number[$3] != $2' "$work/names" "$work/list" |
    grep . && complain "these numbers are other calls"
[[ -s $work/numbers && -s $work/table ]] || complain "nothing to compare"

# ---- stress
# The words of a TEST-CALLS line, such as tgkill:2=12, with numbers for names.
calls_of() { # source
    local word number
    while read -r word; do
        number=$(awk -v name="${word%%:*}" '$1 == name { print $2 }' "$work/names")
        echo "${number:-unknown}${word#"${word%%:*}"}"
    done < <(sed -n 's|^// *TEST-CALLS: *||p' "$1" | grep -oE '[^ ]+')
}
# launched STATUS KIND GROUPS SOURCE ARGUMENTS [CALL...]: runs it under the filter.
launched() {
    local expected=$1 kind=$2 groups=$3 source=$4 status
    local words
    read -ra words <<<"$5"
    timeout -k 5 100 "$set/tests/$kind/tests/seccomp/launch" "$groups" "${@:6}" -- \
        "$set/tests/$kind/${source%.*}" "${words[@]}" >"$work/output" 2>&1
    status=$?
    ((status == expected)) && return
    tail -n 20 "$work/output"
    complain "$kind $source $5 with groups $groups: status $status instead of $expected"
}
ulimit -c 0
exec 3>&2 2>/dev/null # bash would tell of every signal that ends a program
killed=159            # 128 + SIGSYS
all=15 limited=30 runs=0 # 16 in place of 1
for kind in static static-pie; do
    for source in tests/stress/*.cpp; do
        only=$(sed -n 's|^// *TEST-KIND: *||p' "$source")
        [[ -z $only || $only == "$kind" ]] || continue
        [[ -x $set/tests/$kind/${source%.*} ]] || complain "$kind $source was not built"
        mapfile -t own < <(calls_of "$source")
        while read -r arguments; do
            launched 0 $kind $all "$source" "$arguments" "${own[@]}"
            runs=$((runs + 1))
            # After emma_limit_calls with the three calls alone, in one kind of program.
            [[ $kind == static ]] && LIMITED=1 launched 0 $kind $limited "$source" "$arguments" "${own[@]}"
        done < <(sed -n 's|^// *TEST-ARGS: *||p' "$source")
        # What it cannot do without: its own calls, and each group of Emma's. A short run shows it.
        arguments=$(sed -n 's|^// *TEST-QEMU: *||p' "$source" | head -n 1)
        ((${#own[@]})) && launched $killed $kind $all "$source" "$arguments"
        for group in 1 2 4 8; do
            launched $killed $kind $((all - group)) "$source" "$arguments" "${own[@]}"
        done
        launched $killed $kind $limited "$source" "$arguments" "${own[@]}"
    done
done
exec 2>&3
((runs >= 9)) || complain "only $runs runs"

# ---- the test of the filter finds mistakes in the header
mkdir "$work/include"
header=$root/core/include/emma_seccomp.h
# mistaken SED: the test over the header with that change fails by a line of its own.
mistaken() {
    sed -E "$1" "$header" >"$work/include/emma_seccomp.h"
    ! cmp -s "$header" "$work/include/emma_seccomp.h" || complain "$1 changes nothing"
    "$set/bin/emma-c++" -std=c++20 -O1 -I"$work/include" -I"$root" "$root/tests/freestanding/seccomp.cpp" -o "$work/mistaken" ||
        complain "$1 does not compile"
    timeout -k 5 60 "$work/mistaken" >"$work/output" 2>&1
    [[ $? -eq 1 && $(cat "$work/output") == *"not "* ]] || complain "not found: $1: $(cat "$work/output")"
}
mistaken 's/\{0x35, 0, 1, 0x40000000u\}/{0x35, 0, 1, 0xffffffffu}/'         # x32 is let through
mistaken 's/\{0x15, 0, 2, 0xc000003eu\}/{0x15, 0, 0, 0xc000003eu}/'         # i386 is
mistaken 's/INT\(2, 4\)/INT(1, 0)/'                                       # any advice
mistaken 's/MADV_POPULATE_WRITE\)", 28, INT\(2, 23\)/&) CALL("all", 28/'    # the same, by another line
mistaken 's/LONG\(2, 3\), LONG\(3, 0x22\)/LONG(3, 0x22)/'                # executable memory
mistaken 's/LONG\(2, 3\), LONG\(3, 0x100022\)/INT(2, 3), LONG(3, 0x100022)/' # half of an argument
mistaken 's/234, INT\(2, 0\)/234, INT(1, 0)/'                             # any signal
mistaken 's/LONG\(0, 0x3d0f00\)/LONG(0, 0x3d0f01)/'                       # other flags
mistaken 's/2 \* \(left\)-1/2 * (left)-2/'                               # a jump too short
mistaken 's/\(uint8_t\)\(length - i\)/(uint8_t)(length - i - 1)/'         # and the builder's
mistaken 's/check->mask >> 32, /0, /'                                   # its upper halves

# ---- where there is no seccomp
if qemu-x86_64 "$set/tests/static/tests/seccomp/launch" 15 -- true 2>"$work/said"; then
    complain "under QEMU the launcher found filters"
elif ! grep -q 'no seccomp filters' "$work/said"; then
    complain "under QEMU the launcher said: $(cat "$work/said")"
fi
echo "SKIPPED: filters under QEMU, whose user mode has none"
exit $failed

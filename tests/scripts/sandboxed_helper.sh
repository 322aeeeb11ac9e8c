#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/sandboxed_helper.sh SET: the example unpacks what gzip packs, byte for byte; damaged
# input is refused or found right, never the helper's death; each planted bug kills its helper
# alone, in the way that is meant; the files after it are served.
# TEST-LIMIT: 120
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" programs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp LICENSE-APACHE "$work/text" # which does not change: what a cut says depends on it
head -c 200000 /dev/urandom >"$work/random" # stored blocks
printf 'a' >"$work/short"                  # the fixed codes
: >"$work/empty"
head -c 3000000 /dev/zero >"$work/zeros"
cat README.md Makefile tests/run "$1/libemma.a" >"$work/mixed"
head -c 140000000 /dev/zero | gzip -1n >"$work/bomb.gz"
gzip -nc "$work/text" >"$work/good.gz"
gzip -c "$work/text" >"$work/named.gz"
head -c 3000 "$work/good.gz" >"$work/cut.gz"
cd "$work" || exit 1
program=$OLDPWD/$1/tests/static/examples/sandboxed_helper
failed=0
complain() {
    echo "$*"
    failed=1
}
# says STATUS LINES... -- ARGUMENTS...: that status; for each line of what is said a text that it holds.
says() {
    local expected=$1 status texts=() i
    shift
    while [[ $1 != -- ]]; do texts+=("$1") && shift; done
    shift
    timeout -k 5 60 "$program" "$@" >out 2>said </dev/null
    status=$?
    mapfile -t lines <said
    ((status == expected && ${#lines[@]} == ${#texts[@]})) || complain "$*: status $status: $(cat said)"
    for i in "${!texts[@]}"; do
        [[ ${lines[i]-} == *"${texts[i]}"* ]] || complain "$*: not '${texts[i]}' but '${lines[i]-}'"
    done
}
for kind in static static-pie; do
    program=$OLDPWD/$1/tests/$kind/examples/sandboxed_helper
    for file in text random short empty zeros mixed; do
        for level in 1 9; do
            gzip -n$level -c $file >packed.gz
            says 0 "$(stat -c %s $file) bytes in $(wc -l <$file) lines, CRC " -- --cat packed.gz
            cmp $file out || complain "$kind $file, level $level"
        done
    done
done
says 0 "CRC" "CRC" -- good.gz named.gz
says 1 "CRC" "it is no gzip file" "it ends too early" "CRC" -- good.gz text cut.gz good.gz
# Cut anywhere it ends too early, whatever the zeros behind the end decode to.
gzip -n9 -c mixed >packed.gz
for ((cut = 19; cut < $(stat -c %s packed.gz); cut += cut / 16 + 1)); do
    head -c "$cut" packed.gz >cut.gz
    says 1 "it ends too early" -- cut.gz
done
says 1 "none: cannot be read" "CRC" -- none good.gz
says 2 "usage: " --
says 2 "usage: " -- --such good.gz
says 1 "CRC" "died: it made a system call that its filter forbids (SIGSYS)" "CRC" -- --trust-names good.gz named.gz good.gz
says 1 "CRC" "emma: double free of 0x" "died: Emma stopped it" "CRC" -- --double-free good.gz cut.gz good.gz
says 1 "CRC" "did not answer and was killed" "CRC" -- --endless good.gz cut.gz good.gz
says 1 "emma: out of memory" "died: Emma stopped it" "CRC" -- bomb.gz good.gz

# One byte of a file is another, 150 times.
size=$(stat -c %s good.gz)
for i in {1..150}; do
    cp good.gz "damaged$i.gz"
    # shellcheck disable=SC2059  # the escape is the byte
    printf "\\x$(printf %02x $((i * 37 % 256)))" |
        dd of="damaged$i.gz" bs=1 seek=$((i * 7919 % size)) conv=notrunc status=none
done
timeout -k 5 60 "$program" damaged*.gz 2>said
[[ $(grep -cE ': refused: | bytes in .* CRC ' said) -eq 150 ]] || complain "of damaged files: $(grep -vE ': refused: | CRC ' said)"
[[ $(grep -c ': refused: ' said) -gt 125 ]] || complain "only $(grep -c ': refused: ' said) damaged files were refused"
qemu-x86_64 "$program" good.gz 2>said
[[ $? -eq 77 && $(cat said) == *"no seccomp filters"* ]] || complain "under QEMU: $(cat said)"
exit $failed

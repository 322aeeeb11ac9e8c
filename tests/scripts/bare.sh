#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/bare.sh SET: PORT=bare in five sets of options, by gcc and clang: what the archive may not
# hold, the hosted tests of tests/bare, and the kernel of examples/kernel in QEMU: a million
# operations in four builds (`make demo-kernel` has ten), and two runs that must end badly.
# TEST-ONCE: it builds sets of its own
# TEST-LIMIT: 900
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" programs
unset MAKEFLAGS MAKELEVEL MFLAGS
failed=0
fail() { echo "$*" && failed=1; }

# kernel EXPECTED-STATUS TEXT IMAGE COMMAND-LINE: the run ends with the status and says the text.
kernel() {
    local said
    said=$(LIMIT=300 examples/kernel/run "$3" "$4" "$1" 2>&1) && grep -qF "$2" <<<"$said" && return
    printf '%s\n' "$said" | tail -n 40
    fail "kernel $3 $4: not status $1 and '$2'"
}
# build SET SEGMENT OPTIONS...: the set is built and keeps to what a bare archive may be.
build() {
    if ! make PORT=bare "${@:3}" programs >"$log" 2>&1; then
        tail -n 30 "$log"
        fail "make PORT=bare ${*:3} programs"
        return 1
    fi
    tests/bare/archive "build/$1/libemma.a" "$2" || fail "build/$1/libemma.a"
    for program in pages slot bounds tight tight_without_purge small_pool small_pool_at; do
        timeout -k 5 300 "build/$1/tests/bare/$program" >"$log" 2>&1 && continue
        tail -n 30 "$log"
        fail "build/$1/tests/bare/$program"
    done
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
tests/bare/archive --self-test || fail "tests/bare/archive --self-test"
build bare "" && kernel 33 "kernel: PASSED" build/bare/kernel.elf ops=1000000
build bare-slot-gs-8 gs HEAP_SLOT=gs:8 && {
    kernel 33 "kernel: PASSED" build/bare-slot-gs-8/kernel.elf ops=1000000
    kernel 37 "panic: emma: double free of 0xffff8000" build/bare-slot-gs-8/kernel.elf fault=double-free
    kernel 35 "exception 14 at 0xffffffff8" build/bare-slot-gs-8/kernel.elf fault=null
}
# Two copies in one program: each with a word of its own, else the linker refuses them.
for copy in "foo_ gs:8" "bar_ gs:16" "bar_ gs:0x8"; do
    make PORT=bare SYMBOL_PREFIX="${copy% *}" HEAP_SLOT="${copy#* }" all >"$log" 2>&1 || fail "copy $copy: $(tail "$log")"
done
foo=build/bare-slot-gs-8-prefix-foo_
copies() { # folder of the second copy
    g++ -std=c++20 -O2 -Wall -Wextra -I$foo/include -I"$1/include" tests/copies/bare.cpp -o "$log.copies" \
        -Wl,--start-group "$(gcc -print-file-name=libc.so.6)" $foo/libemma.a "$1/libemma.a" -Wl,--end-group >"$log" 2>&1
}
tests/bare/archive $foo/libemma.a gs || fail "$foo/libemma.a"
{ copies build/bare-slot-gs-16-prefix-bar_ && "$log.copies"; } || fail "two copies: $(tail "$log")"
if copies build/bare-slot-gs-0x8-prefix-bar_; then fail "two copies with one word were linked"; fi
grep -q 'multiple definition of .emma_one_copy_at_gs_8' "$log" || fail "two copies with one word: $(tail "$log")"
rm -f "$log.copies"
build bare-tls-checks-debug fs TLS=1 CHECKS=1 DEBUG=1
clang=(CXX=clang++ CC=clang)
build clang-bare-slot-gs-8-debug gs "${clang[@]}" HEAP_SLOT=gs:8 DEBUG=1 &&
    kernel 33 "kernel: PASSED" build/clang-bare-slot-gs-8-debug/kernel.elf ops=1000000
build clang-bare-slot-function-checks "" "${clang[@]}" HEAP_SLOT=function CHECKS=1 &&
    kernel 33 "kernel: PASSED" build/clang-bare-slot-function-checks/kernel.elf ops=1000000
exit $failed

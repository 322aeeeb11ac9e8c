#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/bare_objects.sh SET: PORT=bare fits where it is linked, by gcc and clang: a linker script that
# gathers .bss and no .bss.* gets all of its variables; as one object for a module of Linux it has relocations
# that the kernel's loader knows, and refers to the program's functions alone; the one file with EMMA_BARE=1
# passes the hosted tests of tests/bare, and refuses values that its options do not have.
# TEST-ONCE: it builds sets of its own
# TEST-LIMIT: 400
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
unset MAKEFLAGS MAKELEVEL MFLAGS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() { echo "$*" && failed=1; }

# ---- a program with a script as tutorials have it
cat >"$work/stock.ld" <<'END'
ENTRY(_start)
SECTIONS {
    . = 0xffffffff80000000;
    .text : { *(.text .text.*) }
    . = ALIGN(4096);
    .rodata : { *(.rodata .rodata.*) }
    . = ALIGN(4096);
    .data : { *(.data .data.*) }
    .bss : { *(.bss) *(COMMON) }
    end_of_bss = .;
    /DISCARD/ : { *(.eh_frame*) *(.note .note.*) *(.comment) }
}
END
cat >"$work/kernel.c" <<'C'
#include <emma_bare.h>
void *emma_bare_map(size_t bytes, size_t alignment) { return (void *)(bytes + alignment); }
bool emma_bare_unmap(void *pages, size_t bytes) { return pages && bytes; }
void emma_bare_panic(const struct emma_panic *panic) { for (;;) (void)panic; }
void _start(void) {
    emma_free(emma_malloc(100));
    emma_heap_destroy(emma_heap_create(0));
    emma_trim();
    emma_check(0, 0);
    for (;;);
}
C
# ---- one object for a module: what the loader of Linux for x86-64 knows (apply_relocate_add), no GOT
known='R_X86_64_(NONE|64|32|32S|PC32|PC64|PLT32)'
for compiler in gcc clang; do
    [[ $compiler == gcc ]] && cxx=g++ only_general=-mgeneral-regs-only || cxx=clang++ only_general='-mno-sse -mno-mmx'
    make PORT=bare CC="$compiler" CXX="$cxx" >"$work/log" 2>&1 || fail "$compiler: $(tail "$work/log")"
    bare=build/$([[ $compiler == gcc ]] || echo clang-)bare
    others=$(readelf -SW "$bare/libemma.a" | grep NOBITS | grep -v ' \.bss  ')
    [[ -z $others ]] || fail "$compiler: variables outside of .bss: $others"
    $compiler -O2 -ffreestanding -mno-red-zone -fno-stack-protector -fno-pie -mcmodel=kernel -I"$bare/include" -c "$work/kernel.c" \
        -o "$work/kernel.o"
    for linker in ld ld.lld; do
        $linker -static -nostdlib -z noexecstack -z max-page-size=4096 -T "$work/stock.ld" "$work/kernel.o" "$bare/libemma.a" -o "$work/kernel.elf" ||
            fail "$compiler, $linker: a stock script"
        behind=$(nm "$work/kernel.elf" | awk '/ end_of_bss$/ { end = $1; next } $2 ~ /^[bB]$/ { last = $1 > last ? $1 : last } END { print (end > last) }')
        [[ $behind == 1 ]] || fail "$compiler, $linker: variables behind the end of .bss"
    done

    make PORT=bare BUILD="$work/module" CC="$compiler" CXX="$cxx" CXXFLAGS='-fno-pie -mcmodel=kernel' >"$work/log" 2>&1 ||
        fail "$compiler, a module: $(tail "$work/log")"
    ld -r --whole-archive "$work/module/${bare##*/}/libemma.a" -o "$work/module.o"
    readelf -rW "$work/module.o" | grep -oE 'R_X86_64_[A-Z0-9_]+' | sort | uniq -c >"$work/kinds"
    unknown=$(grep -vxE " *[0-9]+ $known" "$work/kinds")
    [[ -s $work/kinds && -z $unknown ]] || fail "$compiler, a module: $(cat "$work/kinds")"
    needed=$(nm -u "$work/module.o" | awk '{ print $2 }' | LC_ALL=C sort | paste -sd' ')
    [[ $needed == "__errno_location emma_bare_barrier emma_bare_map emma_bare_map_at emma_bare_panic emma_bare_purge emma_bare_unmap" ]] ||
        fail "$compiler, a module needs: $needed"

    # ---- the one file
    linker/one-file "$work/one"
    flags=(-std=c++20 -O2 -DEMMA_BARE=1 -ffreestanding -mno-red-zone -fno-exceptions -fno-stack-protector -fno-asynchronous-unwind-tables
        -fcf-protection=none)
    # shellcheck disable=SC2206  # words
    flags+=($only_general)
    $cxx "${flags[@]}" -Wall -Wextra -Werror -c "$work/one/emma.cpp" -o "$work/one.o" || fail "$compiler: the one file"
    rm -f "$work/one.a" && objcopy -N _GLOBAL_OFFSET_TABLE_ "$work/one.o" && ar rc "$work/one.a" "$work/one.o"
    tests/bare/archive "$work/one.a" "" || fail "$compiler: the one file"
    $cxx "${flags[@]}" -DEMMA_REPLACE_MALLOC=0 -DEMMA_REPLACE_NEW=0 -c "$work/one/emma.cpp" -o "$work/beside.o"
    for program in pages tight; do
        g++ -std=c++20 -O2 -I"$work/one" "tests/bare/$program.cpp" -pthread "$work/beside.o" -o "$work/$program" &&
            timeout -k 5 100 "$work/$program" >"$work/log" 2>&1 && continue
        fail "$compiler: the one file, $program: $(tail -n 5 "$work/log")"
    done
done
# A speedy one for Linux; and what is refused.
g++ -std=c++20 -O2 -Wall -Wextra -Werror -DEMMA_FOR_SPEED=1 -c "$work/one/emma.cpp" -o "$work/one.o" || fail "the one file for speed"
for slip in EMMA_TLS=2 EMMA_BARE=2 EMMA_FOR_SPEED=3 EMMA_HEAP_SLOT=1 'EMMA_HEAP_SLOT=2 -DEMMA_BARE=1'; do
    # shellcheck disable=SC2086  # words
    if said=$(g++ -std=c++20 -fsyntax-only -D$slip "$work/one/emma.cpp" 2>&1); then fail "the one file takes -D$slip"; fi
    grep -q '#error' <<<"$said" || fail "-D$slip: $(head -n 3 <<<"$said")"
done
exit $failed

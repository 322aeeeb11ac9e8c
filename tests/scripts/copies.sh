#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/copies.sh SET: two copies with prefixes (one of them by clang with CHECKS=1) live with the
# plain one and the libc's malloc in one program, dynamic and static; every symbol of theirs has the prefix;
# their headers compile; a program without a libc links them, and starts by a copy's own start code.
# TEST-ONCE: it builds its own sets
# TEST-LIMIT: 240
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
unset MAKEFLAGS MAKELEVEL MFLAGS
set=$1
one=build/prefix-one_ two=build/clang-checks-prefix-two_
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make CXX=g++ CC=gcc SYMBOL_PREFIX=one_ >/dev/null
make CXX=clang++ CC=clang CHECKS=1 SYMBOL_PREFIX=two_ >/dev/null

# ---- the names. Undefined may stay what is undefined in the plain archives taken together.
export LC_ALL=C
names() { nm -g "$@" | awk 'NF >= 2 && !/:$/ { print $NF }' | sort -u; }
outside=$(comm -23 <(nm -u "$set"/lib*.a | awk 'NF == 2 { print $2 }' | sort -u) \
    <(names --defined-only "$set/libemma.a" "$set/libemma_crt.a"))
outside+=$'\n'__errno_location
for copy in $one $two; do
    prefix=${copy##*prefix-}
    ! names --defined-only "$copy"/lib*.a | grep -v "^$prefix" || { echo "$copy: without the prefix" && exit 1; }
    ! nm -u "$copy"/lib*.a | awk 'NF == 2 { print $2 }' | grep -v "^$prefix" | grep -vxF "$outside" ||
        { echo "$copy: refers to these" && exit 1; }
    count=$(names --defined-only "$copy"/lib*.a | wc -l)
    [[ $count -gt 200 ]] || { echo "$copy: only $count names" && exit 1; }
    tests/lint/symbols "$copy"/libemma.a
    tests/scripts/headers.sh "$copy" >/dev/null
done

# ---- beside a libc, dynamic and static
for kind in -pie -static; do
    g++ -std=c++20 -O2 -Wall -Wextra $kind -I"$set/include" -I$one/include -I$two/include tests/copies/four.cpp \
        -o "$work/four" -pthread -Wl,-lstdc++,-lc "$set/libemma.a" $one/libemma.a $two/libemma.a
    timeout 60 "$work/four" || { echo "four $kind: status $?" && exit 1; }
done

# ---- sources for the plain names, by the copy's own emma.h
printf '#include <emma.h>\n#include <stdlib.h>\nint main(void) { emma_free(emma_malloc(9)); return 0; }\n' >"$work/plain.c"
gcc -I$one/plain -I$one/include "$work/plain.c" -o "$work/plain" $one/libemma.a && "$work/plain"
nm "$work/plain" | grep -q ' T one_emma_malloc$'

# ---- without a libc: beside the plain copy, and with nothing but a copy and its own start code
cat >"$work/nolibc.c" <<'END'
#ifdef PLAIN_TOO
#include <emma.h>
#endif
#include <one_emma.h>
int main(void) {
    int *number = one_emma_malloc(sizeof *number);
    if (!number || !one_emma_owns(number)) return 1;
    *number = 3;
#ifdef PLAIN_TOO
    if (emma_owns(number)) return 2;
    emma_free(emma_malloc(10));
#endif
    one_emma_free(number);
    return one_emma_owns(number);
}
END
"$set/bin/emma-cc" -DPLAIN_TOO -I$one/include "$work/nolibc.c" $one/libemma.a -o "$work/nolibc" && "$work/nolibc"
gcc -O2 -ffreestanding -fno-stack-protector -fno-pie -static -nostdlib -I$one/include "$work/nolibc.c" -o "$work/nolibc" \
    -Wl,-e,one__start $one/libemma.a $one/libemma_crt.a $one/libemma.a && "$work/nolibc"

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/headers.sh SET: every public header compiles alone, twice in a row, as C99, C11, C17,
# C++17 and C++20, hosted and freestanding, with gcc and clang, without a warning.
# TEST-ONCE: the headers are the same in every set
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
include=$1/include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
for header in "$include"/*; do
    name=${header##*/}
    printf '#include <%s>\n#include <%s>\n' "$name" "$name" >"$work/alone"
    for compiler in gcc clang; do
        for standard in c99 c11 c17 c++17 c++20; do
            language=c
            [[ $standard == c++* ]] && language=c++
            [[ $language == c && $name == *.hpp ]] && continue
            for mode in -O0 -ffreestanding; do  # hosted is the default
                $compiler -x $language -std=$standard $mode -pedantic -Wall -Wextra -Wundef -Wshadow \
                    -Wconversion -Werror -I"$include" -fsyntax-only "$work/alone"
                count=$((count + 1))
            done
        done
    done
done
echo "$count compilations"
((count > 0))

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/new_forms.sh SET: which form of operator new and delete calls which, where a program replaces
# some (tests/new): without a libc, with the archive linked whole, static too, and under the preload library, with
# libstdc++ and libc++; and what becomes of exceptions there.
# TEST-LIMIT: 200
# TEST-ONCE: it takes both compilers by itself
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" preload
set=$(readlink -f "$1")
sources=$PWD/tests/new
work=$(mktemp -d)
linker/one-file "$work/one"
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export EMMA_REAL_CXX=g++
[[ $set == *clang* ]] && EMMA_REAL_CXX=clang++
for compiler in g++ clang++; do "$compiler" -std=c++20 -O2 -c one/emma.cpp -o "one.$compiler.o" || exit 1; done
preload=$set/libemma_preload.so
whole=("-Wl,$set/lib/exceptions.o,--whole-archive,$set/libemma.a,--no-whole-archive")
failed=0 done=0
passes() { # description preload source command...
    local name=$1 library=$2 source=$3
    shift 3
    done=$((done + 1))
    if ! "$@" -std=c++17 -w -fsized-deallocation "$sources/$source.cpp" "${behind[@]}" -o program >log 2>&1; then
        echo "$name $source: not built" && head -n 5 log
        failed=1
    elif ! LD_PRELOAD=$library timeout 20 ./program >log 2>&1; then
        echo "$name $source: fails" && head -n 5 log
        failed=1
    fi
}
behind=()
for replaced in 0 1 2 3 4 5 6 8 10 12 15; do
    passes "no libc, $replaced" "" forms "$set/bin/emma-c++" -O1 -DREPLACED=$replaced
done
passes "no libc, optimised together" "" forms "$set/bin/emma-c++" -O2 -flto -static-pie -DREPLACED=9 -fuse-ld="$([[ $EMMA_REAL_CXX == g++ ]] && echo bfd || echo lld)"
for replaced in 0 1 2 4 8 15; do
    behind=("${whole[@]}")
    passes "whole archive, $replaced" "" forms "$EMMA_REAL_CXX" -O1 -DWITH_LIBC -DREPLACED=$replaced
    behind=()
    passes "preloaded, $replaced" "$preload" forms "$EMMA_REAL_CXX" -O1 -DWITH_LIBC -DREPLACED=$replaced
done
behind=("${whole[@]}")
passes "whole archive, static" "" forms "$EMMA_REAL_CXX" -O1 -static -DWITH_LIBC -DREPLACED=3
for kind in -pie -static; do
    for source in exhausted replaced_throws; do
        behind=("${whole[@]}")
        passes "whole archive $kind" "" $source "$EMMA_REAL_CXX" -O1 $kind
        behind=("$set/lib/exceptions.o" "$set/libemma.a")
        passes "archive $kind" "" $source "$EMMA_REAL_CXX" -O1 $kind
        for compiler in g++ clang++; do
            behind=("$work/one.$compiler.o")
            passes "one file $kind" "" $source "$compiler" -O1 $kind
        done
    done
done
behind=()
for library in "g++ -O1" "clang++ -O1" "clang++ -stdlib=libc++ -O1"; do
    read -ra command <<<"$library"
    passes "preloaded, $library" "$preload" exhausted "${command[@]}"
    passes "preloaded, $library" "$preload" replaced_throws "${command[@]}"
done
passes "preloaded, libc++" "$preload" forms clang++ -stdlib=libc++ -O1 -DREPLACED=5
echo "$done programs"
exit $failed

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/install.sh SET: an installation works: its wrappers build programs, static and
# static-PIE, with either compiler and either linker, away from the source tree.
# TEST-ONCE: it installs the default build
# TEST-LIMIT: 120
set -euo pipefail
unset MAKEFLAGS MAKELEVEL MFLAGS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make install DESTDIR="$work" PREFIX=/opt/emma >/dev/null
cp examples/hello.c examples/threads.cpp "$work"
cd "$work"
for compiler in gcc clang; do
    export CC=$compiler CXX=${compiler/gcc/g}
    [[ $compiler == clang ]] && CXX=clang++ || CXX=g++
    for linker in bfd lld; do
        for kind in static static-pie; do
            opt/emma/bin/emma-cc -$kind -fuse-ld=$linker -O2 hello.c -o hello
            opt/emma/bin/emma-c++ -$kind -fuse-ld=$linker -O2 threads.cpp -o threads
            ./hello >/dev/null || { echo "hello: $compiler $linker $kind" && exit 1; }
            ./threads >/dev/null || { echo "threads: $compiler $linker $kind" && exit 1; }
        done
    done
done

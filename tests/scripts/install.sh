#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/install.sh SET: an installation works: its wrappers build programs, static and
# static-PIE, with either compiler and either linker, away from the source tree; and a hosted program
# finds the library through pkg-config.
# TEST-ONCE: it installs the default build
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
cat >hosted.c <<'C'
#include <emma.h>
int main(void) {
    void *object = emma_malloc(10);
    int good = emma_owns(object);
    emma_free(object);
    return !good;
}
C
read -ra flags < <(PKG_CONFIG_PATH=opt/emma/lib/pkgconfig pkg-config --cflags --libs emma)
gcc hosted.c "${flags[@]}" -o hosted
./hosted || { echo "hosted, with ${flags[*]}" && exit 1; }
PKG_CONFIG_PATH=opt/emma/lib/pkgconfig pkg-config --modversion emma | grep -qE '^[0-9]+\.[0-9]+\.[0-9]+$'

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/install.sh SET: an installation works: its wrappers build programs, static and static-PIE, with
# either compiler and either linker, away from the source tree; programs find the library through pkg-config,
# by itself and as CMake's and meson's modules use it, and through CMake's package, also after a move to a folder
# with a space in its name. Modes are right under any umask, folders may be chosen, each function has a manual
# page, the preload library and the licences are there, uninstall leaves nothing, and a prefix that linkers could
# not take is refused before anything is written.
# TEST-ONCE: it installs the default build
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
unset MAKEFLAGS MAKELEVEL MFLAGS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
complain() { echo "$*" && exit 1; }
# What the umask says does not count, and DESTDIR may have spaces.
(umask 077 && make install DESTDIR="$work/a b, c" PREFIX=/opt/emma >/dev/null)
mv "$work/a b, c/opt" "$work/opt"
modes=$(find "$work/opt" -type d ! -perm 755 -o -type f ! -perm 644 ! -path '*/bin/*' ! -path '*/ld/*' ! -name '*.so' -o -type f -path '*/bin/*' ! -perm 755 -o -type f -name '*.so' ! -perm 755)
[[ -z $modes ]] || complain "modes: $(tr '\n' ' ' <<<"$modes")"
# shellcheck disable=SC2016  # make's dollars
for prefix in '/opt/a b' /opt/a,b "/opt/a'b" '/opt/$$b' ''; do
    for name in PREFIX LIBDIR INCLUDEDIR MANDIR DOCDIR; do
        said=$(make install DESTDIR="$work/refused" "$name=$prefix" 2>&1) && complain "not refused: $name=$prefix"
        [[ $said == *"$name='"* && $(wc -l <<<"$said") -eq 1 && ! -e $work/refused ]] || complain "$name=$prefix: $said"
    done
done
# What lies under share, and the preload library.
share=$work/opt/emma/share
for file in LICENSE-APACHE LICENSE-MIT README.md; do cmp "$file" "$share/doc/emma/$file" || complain "$file"; done
LD_PRELOAD=$work/opt/emma/lib/libemma_preload.so sort README.md | cmp - <(sort README.md) || complain "the preload library"
for name in $(grep -hx 'emma_[a-z_]*' linker/*.symbols) emma_bare_map emma_seccomp_begin emma_heap_options emma_stats emma.h emma.hpp emma::Heap; do
    page=$share/man/man3/$name.3
    [[ -s $page ]] || complain "no manual page for $name"
    redirect=$(sed -n 's/^\.so //p' "$page")
    grep -q '^\.SH NAME' "${redirect:+$share/man/}${redirect:-$page}" || complain "$page: no page"
done
if command -v man >/dev/null; then
    for page in "$share"/man/man3/*.3; do
        said=$(cd "$share/man" && MANWIDTH=120 man --warnings -l "man3/${page##*/}" 2>&1 >"$work/page") || complain "$page: $said"
        # What can't be broken into lines (a long declaration) is no fault.
        said=$(grep -v "can't break line" <<<"$said" || true)
        [[ -z $said && $(grep -c . "$work/page") -gt 5 ]] || complain "$page: $said"
    done
    man -M "$share/man" emma_heap_alloc_zeroed | col -b | tr -s '[:space:]' ' ' | grep -q 'gone, and using it is a fault' || complain "man emma_heap_alloc_zeroed"
    man -M "$share/man" emma::Heap | col -b | grep -q '^[[:space:]]*bool owns(const void\* object) const noexcept;$' || complain "man emma::Heap"
fi
# Folders of one's own, as distributions have them; and back.
folders=(DESTDIR="$work/other" PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu INCLUDEDIR=/usr/include/emma MANDIR=/usr/man DOCDIR=/usr/doc)
make install "${folders[@]}" >/dev/null
"$work/other/usr/bin/emma-cc" examples/hello.c -o "$work/hello" || complain "LIBDIR, INCLUDEDIR: the wrapper"
"$work/hello" >/dev/null
[[ -e $work/other/usr/man/man3/emma_malloc.3 && -e $work/other/usr/doc/LICENSE-MIT ]] || complain "MANDIR, DOCDIR"
read -ra flags < <(PKG_CONFIG_PATH=$work/other/usr/lib/x86_64-linux-gnu/pkgconfig pkg-config --cflags --libs emma-nolibc)
gcc examples/hello.c "${flags[@]}" -o "$work/hello" || complain "LIBDIR, INCLUDEDIR: pkg-config"
"$work/hello" >/dev/null
make uninstall "${folders[@]}"
left=$(find "$work/other" ! -type d)
[[ -z $left ]] || complain "uninstall left $left"
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
#include <string.h>
#if !EMMA_VERSION
#error "no EMMA_VERSION"
#endif
int main(void) {
    if (strcmp(emma_version(), EMMA_VERSION_TEXT) != 0) return 2;
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

# ---- as the modules of CMake and meson read the same files, moved to a folder with a space
mv "$work/opt" "$work/moved here"
export PKG_CONFIG_PATH=$work/moved\ here/emma/lib/pkgconfig
"$work/moved here/emma/bin/emma-cc" hello.c -o hello || complain "the wrapper, moved"
./hello >/dev/null
mkdir cmake meson
cat >cmake/CMakeLists.txt <<'C'
cmake_minimum_required(VERSION 3.16)
project(hosted C)
find_package(PkgConfig REQUIRED)
foreach(name emma emma-beside emma-nolibc)
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${name})
    add_executable(${name}-program ../hosted.c)
    target_link_libraries(${name}-program PRIVATE PkgConfig::${name})
endforeach()
find_package(emma 0.1 REQUIRED)
foreach(target emma beside crt crt_pie)
    add_executable(emma_${target}-program ../hosted.c)
    target_link_libraries(emma_${target}-program PRIVATE emma::${target})
endforeach()
C
cat >meson/meson.build <<'C'
project('hosted', 'c')
foreach name : ['emma', 'emma-beside', 'emma-nolibc']
    executable(name + '-program', 'hosted.c', dependencies: dependency(name))
endforeach
C
# Without a libc there is no strcmp to be had from it.
sed 's/strcmp(emma_version(), EMMA_VERSION_TEXT) != 0/emma_version()[0] != EMMA_VERSION_TEXT[0]/' hosted.c >meson/hosted.c
cp meson/hosted.c hosted.c
unset CC CXX
if command -v cmake >/dev/null; then
    { cmake -S cmake -B built-cmake -Demma_DIR="$work/moved here/emma/lib/cmake/emma" && cmake --build built-cmake; } >log 2>&1 || complain "$(head -n 60 log)"
fi
if command -v meson >/dev/null; then
    { meson setup built-meson meson && meson compile -C built-meson; } >log 2>&1 || complain "$(head -n 60 log)"
fi
for program in built-*/emma*-program; do
    "$program" || complain "$program: status $?"
done

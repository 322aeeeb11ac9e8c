#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/wrapper.sh SET: emma-cc and emma-c++ behave as compilers do: they only compile when
# told so, take objects, sources and libraries in any order, work from anywhere and through links,
# and say what they cannot do.
# shellcheck disable=SC2317  # functions are called through expect
set -uo pipefail
set=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0
expect() { # description command...
    local description=$1
    shift
    if ! output=$("$@" 2>&1); then
        printf 'not so: %s\n    %s\n%s\n' "$description" "$*" "$output"
        failed=1
    elif [[ -n $output && $description != *:* ]]; then
        printf 'not so: %s quietly\n%s\n' "$description" "$output"
        failed=1
    fi
}
is_static() { [[ $(readelf -lW "$1") != *INTERP* && $(readelf -hW "$1") == *"EXEC "* ]]; }
is_static_pie() { [[ $(readelf -lW "$1") != *INTERP* && $(readelf -hW "$1") == *"DYN "* ]]; }
refuses() { ! "$@"; }

cat >main.c <<'END'
#include <emma.h>
int part(void);
int main(void) { emma_free(emma_malloc(1)); return part(); }
END
echo 'int part(void) { return 0; }' >part.c
echo '#include <emma.h>
#include <emma_crt.h>
extern "C" int part(void);
struct Global { Global() { value = new int(7); } int* value; } global;
int main() { return part() + (*global.value != 7); }' >main.cpp
mkdir "with space" && cp main.c part.c "with space/"

for compiler in gcc clang; do
    export CC=$compiler CXX=clang++
    [[ $compiler == gcc ]] && CXX=g++
    cc=$set/bin/emma-cc cxx=$set/bin/emma-c++
    expect "compiles only" "$cc" -O2 -Wall -Wextra -c main.c -o main.o
    expect "to the default name" "$cc" -c part.c
    expect "links objects" "$cc" main.o part.o -o objects
    expect "and the result runs" ./objects
    expect "statically" is_static objects
    expect "links sources" "$cc" -O2 main.c part.c -o sources
    expect "and that runs" ./sources
    expect "static-PIE" "$cc" -static-pie -O2 main.c part.c -o pie
    expect "is one" is_static_pie pie
    expect "and runs" ./pie
    expect "links with lld" "$cc" -fuse-ld=lld main.c part.c -o lld
    expect "and that runs too" ./lld
    expect "C++" "$cxx" -std=c++20 -O2 -Wall main.cpp part.o -o plus
    expect "with constructors" ./plus
    expect "C++ static-PIE" "$cxx" -static-pie part.o -x c++ main.cpp -o plus_pie
    expect "with relocated constructors" ./plus_pie
    expect "paths with spaces" "$cc" "with space/main.c" "with space/part.c" -o "with space/program"
    expect "and the program there" "./with space/program"
    ar rc libpart.a part.o
    expect "libraries" "$cc" main.c -L. -lpart -o library && expect "run" ./library
    expect "link-time optimisation" "$cc" -flto -O2 main.c part.c -o lto && expect "runs" ./lto
    expect "sanitised by sections: kept" "$cc" -Wl,--gc-sections -O2 main.c part.c -o sections
    expect "assembly" "$cc" -S part.c -o part.s && expect "of C" grep -q part part.s
    expect "preprocesses: output" "$cc" -E main.c
    expect "dependencies: output" "$cc" -MM main.c
    expect "checks syntax" "$cc" -fsyntax-only main.c
    expect "version: output" "$cc" --version
    ln -sf "$cc" emma-cc && ln -sf "$cxx" emma-c++
    expect "through a link" ./emma-cc main.c part.c -o link && expect "run through a link" ./link
    expect "C++ through a link" ./emma-c++ -c main.cpp -o plus.o
    expect "refuses shared objects: message" refuses "$cc" -shared part.c -o part.so
done
(unset CC CXX && expect "without CC" "$set/bin/emma-cc" main.c part.c -o default && ./default) || failed=1
exit $failed

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/cmake_subdirectory.sh SET: linker/package/CMakeLists.txt builds Emma as a part of another CMake
# project, by add_subdirectory (make, gcc, from a source tree in a path with a space) and by FetchContent from
# an archive (Ninja, clang, options). Its targets do what those of the installed package do, find_package finds
# them, and a changed source is built anew.
# TEST-ONCE: it builds the libraries by itself
# TEST-LIMIT: 240
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
unset MAKEFLAGS MAKELEVEL MFLAGS CC CXX CFLAGS CXXFLAGS LDFLAGS DESTDIR
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
complain() { echo "$*" && exit 1; }
set=$(realpath "$1")

source="$work/a source"
mkdir "$source" "$work/project"
cp -r Makefile README.md arch core crt linker "$source"
cp -r tests/consume/* examples/hello.c "$work/project"
tar -C "$work" -cf "$work/emma.tar" "a source"
# shellcheck disable=SC2016  # CMake's variable
programs='
find_package(emma 0.1 REQUIRED)
add_executable(whole workload.c)
target_compile_definitions(whole PRIVATE WORK_LIBC)
target_link_libraries(whole PRIVATE emma::emma)
add_executable(beside workload.c)
target_compile_definitions(beside PRIVATE WORK_LIBC WORK_BESIDE)
target_link_libraries(beside PRIVATE emma::beside)
foreach(target crt crt_pie)
    add_executable(hello_${target} hello.c)
    target_link_libraries(hello_${target} PRIVATE emma::${target})
endforeach()'
cmake_build() { # name, arguments of cmake
    local build=$work/$1
    shift
    { cmake -S "$work/project" -B "$build" -DCMAKE_BUILD_TYPE=Release "$@" && cmake --build "$build"; } >"$work/log" 2>&1 ||
        complain "$(tail -n 30 "$work/log")"
    for program in whole beside hello_crt hello_crt_pie; do
        "$build/$program" >"$work/said" || complain "$program: status $?: $(<"$work/said")"
    done
    [[ $(readelf -lW "$build/hello_crt") != *DYNAMIC* && $(readelf -lW "$build/hello_crt_pie") == *DYNAMIC* ]] ||
        complain "not a static program and a static-PIE"
}

cat >"$work/project/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.16)
project(consumer C CXX)
add_subdirectory("$source/linker/package" emma)
$programs
END
cmake_build with-make -G 'Unix Makefiles'
cmp "$set/libemma.a" "$work/with-make/emma/installed/lib/libemma.a" || complain "not the archive that make builds"
touch "$work/before"
echo '/* changed */' >>"$source/core/api/free.cpp"
cmake --build "$work/with-make" >"$work/log" 2>&1 || complain "$(tail -n 30 "$work/log")"
[[ $work/with-make/whole -nt $work/before ]] || complain "a changed source is not built anew"

command -v ninja >/dev/null || exit 0
cat >"$work/project/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.18)
project(consumer C CXX)
include(FetchContent)
set(EMMA_CHECKS 1)
FetchContent_Declare(emma URL "$work/emma.tar" SOURCE_SUBDIR linker/package)
FetchContent_MakeAvailable(emma)
$programs
END
cmake_build with-ninja -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DEMMA_CHECKS=1
[[ -e $work/with-ninja/_deps/emma-build/build/clang-checks/libemma.a ]] || complain "EMMA_CHECKS, clang: not used"

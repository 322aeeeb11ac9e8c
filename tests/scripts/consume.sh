#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/consume.sh SET: projects outside the source tree use Emma in every way that the README
# names (pkg-config, CMake, the one source file), each built by gcc and by clang, with and without
# link-time optimisation, and run on the same workload (tests/consume), which checks that every object
# comes from where it should.
# TEST-ONCE: it installs the default build
# TEST-LIMIT: 400
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
unset MAKEFLAGS MAKELEVEL MFLAGS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make install DESTDIR="$work" PREFIX=/opt/emma >/dev/null
make one-file >/dev/null
mkdir "$work/project"
cp build/one-file/emma.* "$work/project"
cp tests/consume/* tests/new/exhausted.cpp examples/nolibc_header.c "$work/project"
cp linker/emma.symbols "$work"
mv "$work/opt/emma" "$work/elsewhere" # an installation may be moved
cd "$work/project"
export PKG_CONFIG_PATH=$work/elsewhere/lib/pkgconfig
warn=(-Wall -Wextra -Werror)
failed=0 done=0

# works NAME: ./program, which was just linked, does its work.
works() {
    done=$((done + 1))
    local status=0
    timeout -k 2 60 ./program >output 2>&1 || status=$?
    if ((status)); then
        echo "$compiler: $1: status $status" && head -n 5 output
        failed=1
    fi
    rm -f program
}
flags() { read -ra found < <(pkg-config "$@"); }

for compiler in gcc clang; do
    [[ $compiler == gcc ]] && cc=gcc cxx=g++ lto=(-flto) || cc=clang cxx=clang++ lto=(-flto -fuse-ld=lld -Wno-unused-command-line-argument)

    # ---- pkg-config
    for optimise in "-O2" "-O2 ${lto[*]}"; do
        read -ra optimise <<<"$optimise"
        for module in emma emma-beside; do
            what=(-DWORK_LIBC) && [[ $module == emma ]] || what+=(-DWORK_BESIDE)
            flags --cflags $module && compile=("${found[@]}") && flags --libs $module && link=("${found[@]}")
            $cc "${optimise[@]}" "${warn[@]}" -fPIE "${what[@]}" -DWORK_CXX "${compile[@]}" -c workload.c -o workload.o
            $cxx -std=c++17 "${optimise[@]}" "${warn[@]}" -fPIE "${what[@]}" "${compile[@]}" -c workload_cxx.cpp -o cxx.o
            for kind in -pie -static; do
                $cxx "${optimise[@]}" $kind workload.o cxx.o "${link[@]}" -o program
                works "pkg-config $module $kind ${optimise[*]}"
                $cc "${optimise[@]}" "${warn[@]}" $kind "${what[@]}" "${compile[@]}" workload.c "${link[@]}" -o program
                works "pkg-config $module, C, $kind ${optimise[*]}"
                [[ $module == emma ]] || continue
                $cxx -std=c++17 "${optimise[@]}" $kind "${compile[@]}" exhausted.cpp "${link[@]}" -o program
                works "pkg-config $module, exceptions, $kind ${optimise[*]}"
            done
        done
        for mode in static static-pie; do
            choose=("--define-variable=mode=$mode") && [[ $mode == static ]] || choose+=(--define-variable=code=-fPIE)
            flags "${choose[@]}" --cflags emma-nolibc && compile=("${found[@]}")
            flags "${choose[@]}" --libs emma-nolibc && link=("${found[@]}")
            $cc "${optimise[@]}" "${warn[@]}" -DWORK_CRT -DWORK_CXX "${compile[@]}" -c workload.c -o workload.o
            $cxx -std=c++17 -fno-rtti "${optimise[@]}" "${warn[@]}" -DWORK_CRT "${compile[@]}" -c workload_cxx.cpp -o cxx.o
            $cxx "${optimise[@]}" workload.o cxx.o "${link[@]}" -o program
            [[ $(readelf -lW program) != *INTERP* ]] || { echo "$compiler: emma-nolibc $mode: not static" && failed=1; }
            works "pkg-config emma-nolibc $mode ${optimise[*]}"
        done
    done

    # ---- CMake
    cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.16)
project(consumer C CXX)
find_package(emma 0.1 REQUIRED)
function(consumer name target)
    add_executable(${name} workload.c workload_cxx.cpp)
    target_compile_features(${name} PRIVATE cxx_std_17 c_std_11)
    target_compile_definitions(${name} PRIVATE WORK_CXX ${ARGN})
    target_link_libraries(${name} PRIVATE ${target})
endfunction()
consumer(everything emma::emma WORK_LIBC)
consumer(beside emma::beside WORK_LIBC WORK_BESIDE)
consumer(nolibc emma::crt WORK_CRT)
consumer(nolibc_pie emma::crt_pie WORK_CRT)
CMAKE
    for optimise in "" "${lto[*]}"; do
        rm -rf cmake
        if ! { cmake -S . -B cmake -DCMAKE_PREFIX_PATH="$work/elsewhere" -DCMAKE_BUILD_TYPE=Release \
            -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_C_FLAGS="$optimise" -DCMAKE_CXX_FLAGS="$optimise" &&
            cmake --build cmake -j2 -- VERBOSE=1; } >output 2>&1; then
            echo "$compiler: CMake $optimise" && tail -n 20 output
            failed=1
            continue
        fi
        for program in everything beside nolibc nolibc_pie; do
            cp cmake/$program program
            works "CMake $program $optimise"
        done
    done

    # ---- the one file. What it needs from outside: nothing, but for mem* from clang without optimisation,
    # and what clang's code for exceptions would name, weakly.
    $cc -O2 "${warn[@]}" -fPIE -DWORK_LIBC -DWORK_CXX -I. -c workload.c -o workload.o
    $cxx -std=c++17 -O2 "${warn[@]}" -fPIE -DWORK_LIBC -I. -c workload_cxx.cpp -o cxx.o
    for options in "-O2" "-O0" "-Os -DEMMA_CHECKS=1 -DEMMA_DEBUG=1" "-O2 -fPIC" "-O0 -ffreestanding -DEMMA_TLS=0 -fno-exceptions"; do
        read -ra options <<<"$options"
        $cxx -std=c++20 "${options[@]}" "${warn[@]}" -Wpedantic -Wconversion -Wshadow -Wundef -c emma.cpp
        allowed='w .*|U _GLOBAL_OFFSET_TABLE_'
        [[ $compiler == clang && ${options[0]} == -O0 ]] && allowed+='|U memcpy|U memset'
        if nm -u emma.o | sed 's/^ *//' | grep -vxE "$allowed"; then
            echo "$compiler ${options[*]}: the one file refers to these" && failed=1
        fi
        # Exactly the library's names, but for what is inlined of the C++ library's headers.
        if ! diff <(grep -v '^#' ../emma.symbols) <(readelf -sW emma.o | awk '
            $6 == "DEFAULT" && $7 != "UND" && ($5 == "GLOBAL" || $5 == "WEAK" && $8 !~ /^_ZN?K?St/) { print $8 }' |
            LC_ALL=C sort -u) | head -n 5; then
            echo "$compiler ${options[*]}: the one file's names are not the library's" && failed=1
        fi
        for kind in -pie -static; do
            $cc -O2 "${warn[@]}" -fPIE $kind -DWORK_LIBC -I. workload.c emma.o -o program
            works "one file ${options[*]}, C, $kind"
        done
        $cxx cxx.o workload.o emma.o -o program
        works "one file ${options[*]}, C++"
    done
    # Beside the libc's malloc; all in one command, optimised together; in a shared object; with the start
    # library; with a program's own start.
    for options in "-DEMMA_REPLACE_MALLOC=0 -DEMMA_REPLACE_NEW=0 -DWORK_BESIDE" "${lto[*]}" \
        "${lto[*]} -DEMMA_REPLACE_MALLOC=0 -DEMMA_REPLACE_NEW=0 -DWORK_BESIDE"; do
        read -ra options <<<"$options"
        $cc -O2 "${warn[@]}" "${options[@]}" -DWORK_LIBC -DWORK_CXX -I. -c workload.c -o workload.o
        $cxx -std=c++20 -O2 "${warn[@]}" "${options[@]}" -DWORK_LIBC -I. emma.cpp workload_cxx.cpp workload.o -o program
        works "one file in one command ${options[*]}"
    done
    $cxx -std=c++20 -O2 "${warn[@]}" -fPIC -shared emma.cpp -o libone.so
    $cc -O2 "${warn[@]}" -DWORK_LIBC -I. workload.c -L. -lone -Wl,-rpath,"$PWD" -o program
    works "one file as a shared object"
    $cxx -std=c++20 -O2 "${warn[@]}" -ffreestanding -fno-exceptions -fno-pie -c emma.cpp
    $cc -O2 "${warn[@]}" -ffreestanding -nostdlib -static -fno-pie -fno-stack-protector -fno-builtin -I. nolibc_header.c emma.o -o program
    works "one file with a start of the program's"
    CC=$cc CXX=$cxx "$work/elsewhere/bin/emma-cc" -O2 -DWORK_CRT workload.c emma.o -o program
    works "one file with the start library"

    # ---- the workload notices where its objects do not come from where they should; and the trap of the
    # README: only the names that the program itself uses
    $cc -O2 -DWORK_LIBC -I. workload.c "$work/elsewhere/lib/libemma_beside.a" -o program
    ! ./program >output 2>&1 || { echo "$compiler: the workload does not notice the libc's malloc" && failed=1; }
    ! $cc -O2 -DWORK_LIBC -DWORK_BESIDE -I. workload.c "$work/elsewhere/lib/libemma.a" -o program 2>/dev/null ||
        ! ./program >output 2>&1 || { echo "$compiler: nor Emma's in its place" && failed=1; }

    # ---- misuse is named there too
    printf '#include <stdlib.h>\nint main(void) { void *volatile p = malloc(9); free(p); free(p); return 0; }\n' >twice.c
    $cc -O0 twice.c emma.o -o program 2>/dev/null || $cc -no-pie -O0 twice.c emma.o -o program
    { timeout 20 ./program >output 2>&1 || true; } 2>/dev/null
    grep -q '^emma: double free of 0x' output || { echo "$compiler: a double free has no name" && failed=1; }
    done=$((done + 1))
done
echo "$done consumers"
exit $failed

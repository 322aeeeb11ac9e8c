#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/build_systems.sh SET: emma-cc and emma-c++ as the compilers of make, configure, CMake (by
# variable and by toolchain file), meson, and behind ccache. Each builds one small project, in folders with
# spaces as far as the tool allows, and the program runs, static and without a libc.
# TEST-LIMIT: 200
# TEST-ONCE: it takes both compilers by itself
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
unset MAKEFLAGS MAKELEVEL MFLAGS CC CXX CFLAGS CXXFLAGS LDFLAGS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CCACHE_DIR=$work/cache
emma="$work/an emma"
mkdir "$emma" "$work/a project"
cp -r "$1/bin" "$1/lib" "$1/include" "$1"/libemma*.a "$emma"
export PATH=$emma/bin:$PATH
cd "$work/a project" || exit 1

cat >main.c <<'END_OF'
#include <emma.h>
#include <stdlib.h>
#include <string.h>
int words(const char* text);
int main(void) {
    char* const text = strdup("a small project");
    const int result = words(text) == 3 && emma_owns(text) ? SIZE_OF_LONG - 8 : 1;
    free(text);
    return result;
}
END_OF
cat >words.cpp <<'END_OF'
#include <map>
#include <string>
extern "C" int words(const char* text) {
    std::map<std::string, int> found;
    std::string word;
    for (; *text; ++text) *text == ' ' ? (void)(++found[word], word.clear()) : word.push_back(*text);
    return static_cast<int>(found.size()) + !word.empty();
}
END_OF
cat >Makefile <<'END_OF'
CFLAGS = -O2 -DSIZE_OF_LONG=8
program: main.o words.o
	$(CXX) $(LDFLAGS) $^ -o $@ $(LDLIBS)
END_OF
cat >configure.ac <<'END_OF'
AC_INIT([small], [1.0])
AC_PROG_CC
AC_PROG_CXX
AC_CHECK_HEADERS([emma.h])
AC_CHECK_FUNCS([malloc strdup fopen])
AC_CHECK_SIZEOF([long])
AC_C_INLINE
AS_IF([test "$ac_cv_func_fopen" = yes], [AC_MSG_ERROR([there is no fopen])])
AS_IF([test "$ac_cv_func_strdup" = no], [AC_MSG_ERROR([there is strdup])])
AC_SUBST([ac_cv_sizeof_long])
AC_CONFIG_FILES([Makefile])
AC_OUTPUT
END_OF
cat >Makefile.in <<'END_OF'
program:
	@CC@ @CFLAGS@ @CPPFLAGS@ -DSIZE_OF_LONG=@ac_cv_sizeof_long@ -c @srcdir@/main.c
	@CXX@ @CXXFLAGS@ @LDFLAGS@ main.o @srcdir@/words.cpp -o program @LIBS@
END_OF
cat >CMakeLists.txt <<'END_OF'
cmake_minimum_required(VERSION 3.13)
project(small C CXX)
include(CheckTypeSize)
check_type_size(long SIZE_OF_LONG)
include(CheckFunctionExists)
check_function_exists(printf HAS_PRINTF)
if(HAS_PRINTF)
    message(FATAL_ERROR "there is no printf")
endif()
add_library(words STATIC words.cpp)
add_executable(program main.c)
target_compile_definitions(program PRIVATE SIZE_OF_LONG=${SIZE_OF_LONG})
target_link_libraries(program PRIVATE words)
END_OF
cat >toolchain.cmake <<END_OF
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER "$emma/bin/emma-cc")
set(CMAKE_CXX_COMPILER "$emma/bin/emma-c++")
END_OF
cat >meson.build <<'END_OF'
project('small', 'c', 'cpp', default_options : ['cpp_std=c++17'])
compiler = meson.get_compiler('c')
assert(not compiler.has_function('fopen'))
size = compiler.sizeof('long')
words = static_library('words', 'words.cpp')
executable('program', 'main.c', link_with : words, c_args : '-DSIZE_OF_LONG=@0@'.format(size))
END_OF
cat >native.ini <<END_OF
[binaries]
c = '$emma/bin/emma-cc'
cpp = '$emma/bin/emma-c++'
END_OF

failed=0 done=0
# builds NAME PROGRAM COMMAND...: within a limit (a wrapper that runs itself never ends), and the program runs.
builds() {
    local name=$1 program=$2
    shift 2
    done=$((done + 1))
    if ! (ulimit -t 60; timeout 100 "$@") >log 2>&1 </dev/null; then
        echo "$name: does not build" && tail -n 20 log
        failed=1
    elif [[ $(readelf -lW "$program") == *INTERP* ]]; then
        echo "$name: has a libc" && failed=1
    else
        "$program" || { echo "$name: status $?" && failed=1; }
    fi
    rm -rf build ./*.o program
}
builds "make CC=" ./program make CC=emma-cc CXX=emma-c++ program
builds "CC= make" ./program env CC=emma-cc CXX=emma-c++ make program
builds "make with flags" ./program make CC="emma-cc -std=gnu11" CXX="ccache emma-c++" LDFLAGS=-static-pie LDLIBS="-lm -lpthread" program
builds "CC= make, static-PIE by lld" ./program env CC=emma-cc CXX=emma-c++ LDFLAGS="-static-pie -fuse-ld=lld" make -e program

autoconf 2>/dev/null
builds "configure" build/program bash -ec "mkdir build; cd build; ../configure CC=emma-cc CXX=emma-c++; make"
builds "configure by the environment" build/program bash -ec "mkdir build; cd build; CC='ccache emma-cc' CXX=emma-c++ CFLAGS='-O2 -D_FORTIFY_SOURCE=2' LDFLAGS=-static-pie ../configure; make"
builds "CMake" build/program bash -ec "cmake -S . -B build -DCMAKE_C_COMPILER=emma-cc -DCMAKE_CXX_COMPILER=emma-c++; cmake --build build"
builds "CMake by the environment, with a launcher" build/program bash -ec "CC=emma-cc CXX=emma-c++ cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER_LAUNCHER=ccache; cmake --build build"
builds "CMake with a toolchain file" build/program bash -ec "cmake -S . -B build -DCMAKE_TOOLCHAIN_FILE=toolchain.cmake -DCMAKE_EXE_LINKER_FLAGS=-static-pie; cmake --build build"
builds "meson" build/program bash -ec "meson setup --native-file native.ini build; ninja -C build"
builds "meson, clang" build/program bash -ec "EMMA_REAL_CC=clang EMMA_REAL_CXX=clang++ meson setup --native-file native.ini build; EMMA_REAL_CC=clang EMMA_REAL_CXX=clang++ ninja -C build"
# ccache has what it saw before.
compile() { ccache emma-cc -O1 -DSIZE_OF_LONG=8 -c main.c -o main.o; }
ccache -z >/dev/null && compile && compile
builds "ccache" ./program bash -ec "ccache emma-cc -O1 -DSIZE_OF_LONG=8 -c main.c -o main.o; emma-c++ main.o words.cpp -o program"
[[ $(ccache --print-stats) =~ direct_cache_hit[[:space:]]+[1-9] ]] || { echo "ccache: nothing found again" && failed=1; }
echo "$done builds"
exit $failed

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# What the suites' files share; tests/suites/run sources it before each of them, with these set: emma (the
# build that is tried), suites (build/suites), work (the suite's folder in it), here (this folder), cc, cxx.
# shellcheck shell=bash disable=SC2154,SC2034,SC2164  # set by the driver; read by suites; the driver sets -e

# Seconds that building and running a program may take; a suite may say another number.
limit() { echo 60; }
# Whether CI's sample has programs of the suite; not if their sources are no packages, but downloaded by it.
in_sample() { echo yes; }
# What is done once before the programs.
prepare() { :; }
# What is done for a program, in an empty folder of its own.
build() { :; }

# unpack ARCHIVE PATTERN...: what has such names, into build/suites/sources. Done once.
unpack() {
    local archive=$1 key
    key=$(printf '%s\n' "$@" | cksum | tr ' ' -)
    [[ ! -e $suites/sources/$key ]] || return 0
    mkdir -p "$suites/sources"
    tar -C "$suites/sources" -xf "$archive" --wildcards "${@:2}"
    touch "$suites/sources/$key"
}

# debian_source PACKAGE: the source of a package, unpacked into build/suites/sources. It comes through
# apt-get with lists of its own, as `deb-src` is seldom among a system's.
debian_source() {
    local apt=$suites/apt options
    mkdir -p "$apt/lists/partial" "$apt/archives/partial"
    options=(-qq -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$apt/lists"
        -o Dir::Cache="$apt" -o APT::Sandbox::User=)
    if [[ ! -e $apt/sources.list ]]; then
        echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main" >"$apt/new"
        mv "$apt/new" "$apt/sources.list"
        apt-get "${options[@]}" update >&2 || { rm "$apt/sources.list" && return 1; }
    fi
    if [[ ! -e $suites/sources/$1/unpacked ]]; then
        rm -rf "$suites/sources/$1"
        mkdir -p "$suites/sources/$1/archive"
        (cd "$suites/sources/$1/archive" && apt-get "${options[@]}" source --download-only "$1" >&2)
        # Of several archives of a source the one without a component's name is upstream's.
        tar -C "$suites/sources/$1" -xf "$(find "$suites/sources/$1/archive" -name '*.orig.tar.*' ! -name '*.asc')" --strip-components 1
        touch "$suites/sources/$1/unpacked"
    fi
}

# Runs a command on Emma.
on_emma() { LD_PRELOAD=$emma/libemma_preload.so "$@"; }

# same_output COMMAND...: passes if the command succeeds on Emma and prints what it prints without, errors included.
same_output() {
    "$@" >expected 2>&1 || { echo "fails without Emma too" && return 99; }
    on_emma "$@" >found 2>&1 || { local status=$? && tail -n 40 found && return "$status"; }
    cmp expected found
}

# ---- gcc's sources -------------------------------------------------------------------------------
unpack_gcc() {
    unpack /usr/src/gcc-12/gcc-12.2.0-dfsg.tar.xz '*/libstdc++-v3/testsuite/*' '*/gcc/testsuite/gcc.c-torture/execute/*'
}
torture_tests=$suites/sources/gcc-12.2.0/gcc/testsuite/gcc.c-torture/execute
libstdcxx_tests=$suites/sources/gcc-12.2.0/libstdc++-v3/testsuite

# dg_options FILE: the options that a test asks for in its comments, on every processor or on this one.
dg_options() {
    sed -nE 's/.*\{ *dg-(additional-)?options +\{? *"([^"]*)"[ }]*(\{ *target +x86_64[^}]*\} *)?\}.*/\2/p' "$1"
}

# one_in N REST: of the lines those whose number leaves this rest.
one_in() { awk -v every="$1" -v rest="$2" 'NR % every == rest'; }

# runnable FOLDER...: of libstdc++'s tests those that are run, not only compiled, and are meant to exit with 0.
runnable() {
    cd "$libstdcxx_tests"
    grep -rlE --include='*.cc' '\{ *dg-do run' "$@" | sort |
        xargs grep -LE 'dg-do run.*xfail \*-\*-\*|dg-require-effective-target ia32|testsuite_shared\.so'
}
# What they share, into libtest.a.
build_libtest() {
    unpack_gcc
    printf '%s\n' abi allocator character hooks | xargs -P "$(nproc)" -I{} \
        "$cxx" -std=gnu++17 -O2 -w -I"$libstdcxx_tests/util" -c "$libstdcxx_tests/util/testsuite_{}.cc" -o {}.o
    ar rcs libtest.a abi.o allocator.o character.o hooks.o
}
# build_test NAME OPTION...
build_test() {
    local test=$libstdcxx_tests/$1 standard=()
    # The standard that a test is for, which its options may say again.
    grep -qE 'c\+\+14_(only|down)' "$test" && standard=(-std=gnu++14)
    grep -qE 'dg-do run.*target c\+\+2[0a]' "$test" && standard=(-std=gnu++20)
    # shellcheck disable=SC2046  # several options
    "$cxx" -O2 -w -D_GLIBCXX_ASSERT -DLOCALEDIR='"."' -I"$libstdcxx_tests/util" "${standard[@]}" $(dg_options "$test") \
        "$test" -o program "$work/libtest.a" -pthread "${@:2}"
}

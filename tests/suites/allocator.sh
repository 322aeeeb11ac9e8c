#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# libstdc++'s tests of the containers with a std::allocator that is made of emma::Allocator
# (allocator/bits/c++allocator.h), in programs that are linked with libemma.a, which serves the rest of the program too.
# shellcheck shell=bash disable=SC2154,SC2034  # set by the driver; read by it

programs() { runnable 21_strings/basic_string 23_containers 20_util/{allocator,scoped_allocator} | one_in 4 3; }
quick() { programs | one_in 12 1; }
prepare() {
    build_libtest
    mkdir -p include
    # Without emma::memory_resource: see allocator/bits/c++allocator.h.
    sed 's/^#if __STDC_HOSTED__ && __has_include(<memory_resource>)/#if 0/' "$emma/include/emma.hpp" >include/emma.hpp
    cp "$emma/include/emma.h" include/
}
build() {
    build_test "$1" -I"$work/include" -I"$here/allocator" \
        -Wl,--whole-archive "$emma/libemma.a" -Wl,--no-whole-archive
}
run() { ./program; }

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# libstdc++'s tests of operator new, of allocators and memory resources, of smart pointers, and a quarter of those
# of the containers and strings, under the preload library.
# shellcheck shell=bash disable=SC2154,SC2034  # set by the driver; read by it

programs() {
    local folders
    folders=$(cd "$libstdcxx_tests" && printf '%s\n' 18_support/* ext/*allocator 20_util/{allocator,polymorphic_allocator,scoped_allocator} \
        20_util/{*pool_resource,*memory_resource,monotonic_buffer_resource,shared_ptr,unique_ptr} | grep -v numeric_limits)
    # shellcheck disable=SC2086  # several folders
    runnable $folders
    runnable 21_strings/basic_string 23_containers | one_in 4 1
}
quick() { programs | grep -E '18_support/(new|aligned)|20_util/(allocator|.*resource)/|23_containers/.*/allocator/' | one_in 3 1; }

prepare() { build_libtest; }
build() { build_test "$1"; }
run() { on_emma ./program; }

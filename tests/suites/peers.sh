#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Tests of other allocators that ask nothing but the standard functions: gperftools' and mimalloc's stress test, under
# the preload library.
# shellcheck shell=bash disable=SC2154,SC2034  # set by the driver; read by it

gperftools=$suites/sources/google-perftools

limit() { echo 180; }
in_sample() { echo no; }
programs() {
    printf 'gperftools/%s_unittest\n' frag markidle memalign realloc thread_dealloc tcmalloc_minimal \
        tcmalloc_minimal_large tcmalloc_minimal_large_heap_fragmentation
    # Threads, load of each in percent, rounds.
    printf 'mimalloc/stress-%s\n' 1-100-20 4-50-30 16-25-20 64-10-10
}
quick() { printf '%s\n' gperftools/realloc_unittest mimalloc/stress-4-50-30; }
prepare() {
    debian_source google-perftools
    debian_source mimalloc
    cmake -S "$gperftools" -B gperftools -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS=-w -Dgperftools_build_minimal=ON \
        -Dgperftools_build_benchmark=OFF >/dev/null
    programs | sed -n 's|^gperftools/||p' | MAKEFLAGS='' xargs make -j"$(nproc)" -s -C gperftools
    "$cc" -O2 -w -DUSE_STD_MALLOC "$suites/sources/mimalloc/test/test-stress.c" -o stress -pthread
}
# The programs are linked with tcmalloc, but the preload library comes before it.
run() {
    local numbers
    case $1 in
    gperftools/*) on_emma "$work/$1" ;;
    mimalloc/*)
        IFS=- read -ra numbers <<<"${1#*/stress-}"
        on_emma "$work/stress" "${numbers[@]}"
        ;;
    esac
}

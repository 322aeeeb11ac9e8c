#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# gcc's torture tests, the small C programs by which compilers are tried: each as a static program without a libc,
# built by emma-cc. What they need of a libc that Emma has not is in the list of deviations, by its symbol.
# shellcheck shell=bash disable=SC2154,SC2034  # set by the driver; read by it

limit() { echo 30; }
programs() { (cd "$torture_tests" && printf '%s\n' *.c ieee/*.c) | sed 's/\.c$//'; }
quick() { programs | one_in 20 1; }
prepare() { unpack_gcc; }
# Each program with one of these, by its name.
kinds=("-O2 -static" "-O2 -static-pie" "-O1 -static" "-O3 -static-pie" "-Os -static" "-O3 -static")
build() {
    local sum
    sum=$(cksum <<<"$1")
    # shellcheck disable=SC2046,SC2086  # several options
    "$emma/bin/emma-cc" ${kinds[${sum%% *} % ${#kinds[@]}]} -w $(dg_options "$torture_tests/$1.c") "$torture_tests/$1.c" -o program
}
run() { ./program; }

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# gcc's torture tests, the small C programs by which compilers are tried: each as a static program without a libc,
# built by emma-cc. What they need of a libc that Emma has not is in the list of deviations, by its symbol.
# shellcheck shell=bash disable=SC2154,SC2034  # set by the driver; read by it

limit() { echo 30; }
programs() { (cd "$torture_tests" && printf '%s\n' *.c ieee/*.c) | sed 's/\.c$//'; }
quick() { programs | one_in 20 1; }
prepare() { unpack_gcc; }
build() {
    # shellcheck disable=SC2046  # several options
    "$emma/bin/emma-cc" -O2 -w $(dg_options "$torture_tests/$1.c") "$torture_tests/$1.c" -o program
}
run() { ./program; }

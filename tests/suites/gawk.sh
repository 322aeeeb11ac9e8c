#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# gawk's own tests, scripts with the output that is expected, under the preload library: the same output as without
# Emma, which for most is that.
# shellcheck shell=bash disable=SC2154,SC2034  # set by the driver; read by it

source=$suites/sources/gawk/test

in_sample() { echo no; }
programs() {
    # Two of profiling run until a signal comes.
    (cd "$source" && for script in *.awk; do [[ ! -e ${script%.awk}.ok ]] || echo "${script%.awk}"; done) | grep -v '^profile1[01]$'
}
quick() { programs | one_in 50 1; }
prepare() { debian_source gawk; }
run() {
    local input=/dev/null
    [[ ! -e $source/$1.in ]] || input=$source/$1.in
    one expected "$1" "$input"
    one found "$1" "$input" on_emma
    cmp expected found
}
# one OUTPUT TEST INPUT [on_emma]: the output and the exit status.
one() {
    local status=0
    AWKPATH=$source "${@:4}" gawk -f "$source/$2.awk" <"$3" >"$1" 2>&1 || status=$?
    echo "status $status" >>"$1"
}

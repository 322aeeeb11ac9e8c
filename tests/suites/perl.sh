#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Perl's own tests of its core, with the system's perl under the preload library: the same results as without Emma.
# shellcheck shell=bash disable=SC2154,SC2034  # set by the driver; read by it

source=$suites/sources/perl

limit() { echo 240; }
in_sample() { echo no; }
programs() {
    # Those of Unicode's properties take minutes each and allocate little.
    (cd "$source/t" && printf '%s\n' {base,cmd,comp,io,lib,mro,op,re,uni}/*.t) | grep -v uniprops
}
quick() { printf '%s\n' op/hash.t op/threads.t re/pat.t; }
prepare() {
    debian_source perl
    # The tests take their modules from ../lib: those that are installed.
    if [[ ! -e $source/lib/ours ]]; then
        mv "$source/lib" "$source/lib.unpacked"
        mkdir "$source/lib"
        cp -rsf /usr/share/perl/5.36/. "$source/lib/"
        cp -rsf /usr/lib/x86_64-linux-gnu/perl/5.36/. "$source/lib/"
        ln -sf /usr/bin/perl "$source/t/perl"
        touch "$source/lib/ours"
    fi
}
run() {
    local status=0 found=0
    results expected ./perl "$1" || status=$?
    results found on_emma ./perl "$1" || found=$?
    diff expected found
    ((found == status)) || return "$found"
}
# results FILE COMMAND...: the numbers of the tests that passed and failed. All in one folder, as in Perl's own harness.
results() {
    local status=0 file=$PWD/$1
    (cd "$source/t" && "${@:2}") >"$file.output" 2>&1 || status=$?
    grep -aoE '^(not )?ok [0-9]+' "$file.output" >"$file" || true
    return "$status"
}

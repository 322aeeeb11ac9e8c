#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# What the suites' files share; tests/suites/run sources it before each of them, with these set: emma (the
# build that is tried), suites (build/suites), work (the suite's folder in it), here (this folder), cc, cxx.
# shellcheck shell=bash disable=SC2154,SC2034,SC2164  # set by the driver; read by suites; the driver sets -e

# Seconds that building and running a program may take; a suite may say another number.
limit() { echo 60; }
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

# Runs a command on Emma.
on_emma() { LD_PRELOAD=$emma/libemma_preload.so "$@"; }

# same_output COMMAND...: passes if the command succeeds on Emma and prints what it prints without, errors included.
same_output() {
    "$@" >expected 2>&1 || { echo "fails without Emma too" && return 99; }
    on_emma "$@" >found 2>&1 || { local status=$? && tail -n 40 found && return "$status"; }
    cmp expected found
}

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/no_thread_pointer.sh SET: libemma.a built with TLS=0 has no instruction that names %fs
# and no thread-local storage; the examples no_thread_pointer and injected run on it with %fs pointing at
# nothing, natively and under QEMU, built by gcc and by clang; and with TLS=1 both fail, so that the
# examples would notice.
# TEST-ONCE: it builds its own sets
# TEST-LIMIT: 240
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" programs
unset MAKEFLAGS MAKELEVEL MFLAGS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() {
    echo "$*"
    failed=1
}
# Instructions that name %fs, or set its base: disassembly of the archive.
fs_count() { objdump -d --no-show-raw-insn "$1" | grep -cE '%fs|fsbase'; }
tls_count() { objdump -hr "$1" | grep -cE '\.tdata|\.tbss|TPOFF|TLSGD|TLSLD|DTPMOD|DTPOFF'; }

# says PATTERN COUNT COMMAND...: succeeds, with so many lines of the pattern.
says() {
    local status
    # shellcheck disable=SC2086  # several words or none
    timeout -k 5 60 $emulator "${@:3}" >"$work/said" 2>&1
    status=$?
    ((status == 0)) && [[ $(grep -c "$1" "$work/said") -eq $2 ]] && return
    complain "$emulator ${*:3}: status $status: $(cat "$work/said")"
}

for set in build/notls build/clang-notls; do
    compilers=(CXX=g++ CC=gcc)
    [[ $set == *clang* ]] && compilers=(CXX=clang++ CC=clang)
    programs=("$set"/tests/bare/examples/no_thread_pointer "$set"/tests/injected/{host,payload})
    make "${compilers[@]}" TLS=0 "$set/libemma.a" "${programs[@]}" >"$work/log" 2>&1 || complain "$(tail "$work/log")"
    [[ $(objdump -d "$set/libemma.a" | grep -c '>:$') -gt 100 ]] || complain "$set/libemma.a: nothing was disassembled"
    [[ $(fs_count "$set/libemma.a") -eq 0 ]] || complain "$set/libemma.a names %fs"
    [[ $(tls_count "$set/libemma.a") -eq 0 ]] || complain "$set/libemma.a has thread-local storage"
    [[ $(fs_count "${programs[2]}") -eq 0 ]] || complain "${programs[2]} names %fs"
    for emulator in "" "qemu-x86_64 -cpu qemu64" "qemu-x86_64 -cpu max"; do
        for _ in 1 2 3; do says 'all with %fs pointing at nothing$' 1 "${programs[0]}"; done
        says ': right' 4 "${programs[@]:1}"
    done
done

# With a thread pointer: what these checks find.
set=$1
[[ $set != *notls* ]] || { echo "SKIPPED: $set has no thread pointer to be found" && exit $failed; }
[[ $(fs_count "$set/libemma.a") -gt 0 && $(tls_count "$set/libemma.a") -gt 0 ]] || complain "TLS=1: no %fs was found"
ulimit -c 0
exec 3>&2 2>/dev/null # bash would tell of the signal
timeout -k 5 60 "$set/tests/bare/examples/no_thread_pointer" >"$work/said" 2>&1
status=$?
exec 2>&3
[[ $status -eq 139 && ! -s $work/said ]] || complain "TLS=1: no_thread_pointer did not die of its first access: $(cat "$work/said")"
said=$(timeout -k 5 60 "$set/tests/injected/host" "$set/tests/injected/payload" 2>&1)
[[ $? -eq 1 && $said == *"the payload has thread-local storage"* ]] || complain "TLS=1: the host said: $said"
exit $failed

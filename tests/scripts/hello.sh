#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/hello.sh SET: what the example hello may cost at most. Stripped: no interpreter, no
# dynamic section when static, 16 KiB of file, 4 system calls after execve; and it runs in 2 MiB of
# address space. (Its memory is looked at by tests/freestanding/footprint.c.)
set -euo pipefail
set=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() { echo "not so: $*" && failed=1; }

for kind in static static-pie; do
    hello=$work/hello-$kind
    strip -s -o "$hello" "$set/tests/$kind/examples/hello"
    bytes=$(stat -c %s "$hello")
    headers=$(readelf -lW "$hello")
    strace -qq -o "$work/calls" "$hello" >/dev/null
    calls=$(grep -vcE '^(execve|\+\+\+)' "$work/calls" || true)
    echo "hello, $kind, stripped: $bytes bytes, $calls system calls"
    ((bytes <= 16384)) || fail "at most 16384 bytes"
    if grep -q INTERP <<<"$headers"; then fail "no PT_INTERP"; fi
    if [[ $kind == static ]] && grep -q DYNAMIC <<<"$headers"; then fail "no dynamic section"; fi
    if ! ((calls <= 4)); then
        fail "at most 4 system calls after execve"
        cat "$work/calls"
    fi
    (ulimit -v 2048 && "$hello" >/dev/null) || fail "runs with ulimit -v 2048"
done
exit $failed

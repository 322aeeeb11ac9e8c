#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/hello.sh SET: what the example hello may cost at most. Stripped: no interpreter, no
# dynamic section, 16 KiB of file, 4 system calls after execve; and it runs in 2 MiB of address space.
# The budgets are those of the default build, static; a static-PIE has a page more in its file (4 KiB)
# and one call more (it protects what it has relocated), and clang's code fills a page more. Memory is looked at by tests/freestanding/footprint.c.
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" programs
set=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() { echo "not so: $*" && failed=1; }

for kind in static static-pie; do
    most_bytes=16384 most_calls=4
    [[ $kind == static-pie ]] && most_bytes=20480 most_calls=5
    [[ ${set##*/} == clang* ]] && most_bytes=20480
    hello=$work/hello-$kind
    strip -s -o "$hello" "$set/tests/$kind/examples/hello"
    bytes=$(stat -c %s "$hello")
    headers=$(readelf -lW "$hello")
    strace -qq -o "$work/calls" "$hello" >/dev/null
    calls=$(grep -vcE '^(execve|\+\+\+)' "$work/calls" || true)
    echo "hello, $kind, stripped: $bytes bytes, $calls system calls"
    ((bytes <= most_bytes)) || fail "at most $most_bytes bytes"
    if grep -q INTERP <<<"$headers"; then fail "no PT_INTERP"; fi
    if [[ $kind == static ]] && grep -q DYNAMIC <<<"$headers"; then fail "no dynamic section"; fi
    if ! ((calls <= most_calls)); then
        fail "at most $most_calls system calls after execve"
        cat "$work/calls"
    fi
    (ulimit -v 2048 && "$hello" >/dev/null) || fail "runs with ulimit -v 2048"
done
exit $failed

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/rust.sh SET: examples/rust is built by cargo, is a static program without a libc, and says
# of real text what the tools of the system say, natively and under QEMU, optimised and not (then Rust
# checks its own arithmetic too).
# TEST-ONCE: it builds with the default build
# TEST-LIMIT: 240
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Debian's, where there are several.
cargo=/usr/bin/cargo rustc=/usr/bin/rustc
[[ -x $cargo && -x $rustc ]] || cargo=cargo rustc=rustc
cat README.md core/*.cpp core/*.h >"$work/text"
EMMA=$(realpath "$1")
export EMMA RUSTC=$rustc
words() { tr -cs 'A-Za-z' '\n' <"$work/text" | grep . | tr '[:upper:]' '[:lower:]'; }
for profile in release debug; do
    release=() && [[ $profile == debug ]] || release=(--release)
    (cd examples/rust && "$cargo" build --quiet --offline --locked "${release[@]}" --target-dir "$work/target")
    program=$work/target/$profile/wordindex
    [[ $(readelf -lW "$program") != *INTERP* ]] || { echo "$profile: not static" && exit 1; }
    # Weak ones may be; lld, today's Rust's linker, leaves those that are hidden as local symbols.
    undefined=$(readelf -sW "$program" | awk '$5 == "GLOBAL" && $7 == "UND"')
    [[ -z $undefined ]] || { printf '%s: undefined\n%s\n' "$profile" "$undefined" && exit 1; }
    timeout 60 "$program" "$work/text" "$work/text" >"$work/native"
    for cpu in qemu64 max; do
        timeout 120 qemu-x86_64 -cpu $cpu "$program" "$work/text" "$work/text" | cmp - "$work/native"
    done
    # The number of words and of different ones, and the ten most frequent, twice.
    printf '%s words, %s different\n' "$(words | wc -l)" "$(words | LC_ALL=C sort -u | wc -l)" >"$work/expected"
    words | LC_ALL=C sort | uniq -c | LC_ALL=C sort -k1,1nr -k2 | awk 'NR <= 10 { print $1, $2 }' >>"$work/expected"
    cat "$work/expected" "$work/expected" | diff - <(sed "s|^$work/text: ||" "$work/native" | awk '/words/ || NF > 3 { if (/words,/) print; else print $1, $2 }')
    ! timeout 20 "$program" /nonexistent 2>/dev/null || { echo "$profile: no error for a file that is not there" && exit 1; }
done

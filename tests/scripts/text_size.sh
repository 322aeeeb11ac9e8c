#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/text_size.sh SET: the text that malloc, free, calloc, realloc, aligned_alloc and
# posix_memalign bring into a program, linked with --gc-sections as by the wrappers and the README:
# at most 12 KB (12,288 bytes) in the default build.
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
archive=$1/libemma.a
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ld -r --gc-sections -u malloc -u free -u calloc -u realloc -u aligned_alloc -u posix_memalign \
    "$archive" -o "$work/family.o"
read -r text rodata < <(size -A "$work/family.o" | awk '
    $1 ~ /^\.text/ { text += $2 } $1 ~ /^\.rodata/ { rodata += $2 } END { print text + 0, rodata + 0 }')
echo "text of the C family: $text bytes (and $rodata of constants)"
# The budget is the default build's; with another compiler or option this only tells.
[[ ${1##*/} == build ]] || exit 0
((text > 0 && text <= 12288))

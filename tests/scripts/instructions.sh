#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/instructions.sh SET: the instructions of each operation are at most those of
# tests/bench/instructions.txt, and a remote free has at most two atomic read-modify-writes; the test of
# that finds a growth.
# TEST-ONCE: the table is for one compiler and set of options
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
cd "$(dirname "$0")/../.."
table=tests/bench/instructions.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset UPDATE TABLE
export CXX=g++

tests/bench/instructions/run "$1"

awk '$1 == "remote-free" { found = $3 <= 2.05 } END { exit !found }' "$table" ||
    { echo "a remote free has more than two atomic read-modify-writes" && exit 1; }

# A table that asks for less than there is must fail, in either column.
[[ ${1##*/} == build ]] || exit 0
# shellcheck disable=SC2016  # for awk
for change in '$1 == "pair" { $2 -= 2 }' '$1 == "remote-free" { $3 -= 1 }'; do
    awk "$change 1" "$table" >"$work/table"
    if TABLE=$work/table tests/bench/instructions/run "$1" >"$work/output" 2>&1 || ! grep -q 'has GROWN' "$work/output"; then
        echo "a growth is not found: $change" && exit 1
    fi
done

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/growing_costs.sh SET: what an operation costs does not grow with what is there beside it:
# its instructions are counted beside n, 2n, 4n and 8n arenas, threads' heaps or huge objects, and a
# doubling may cost 1.3 times as much at most. emma_check and emma_trim are counted for each arena and heap.
# TEST-ONCE: it is about the algorithms
# TEST-LIMIT: 300
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
set=$(realpath "$1")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v valgrind >/dev/null || { echo "growing_costs: install valgrind (tests/setup check does)" >&2 && exit 1; }

"$set/bin/emma-c++" -std=c++20 -O2 -Wall -Wextra -Werror -I. tests/bench/instructions/growing.cpp -o "$work/growing"

# Lines of `operation size instructions`, an operation's sizes in order: all of them with the growth;
# fails if one has grown.
judge() {
    awk '
        {
            growth = ($1 == operation) ? $3 / before : 1
            operation = $1
            before = $3
            printf "%-18s %8d %12.1f %6.2f%s\n", $1, $2, $3, growth, (growth > 1.3 ? "  has GROWN" : "")
            if (growth > 1.3) failed++
        }
        END { exit NR == 0 || failed > 0 }'
}

# count OPERATION N: such lines. Valgrind knows 30,000 pieces of address space, which are 7,400 arenas.
count() {
    rm -f "$work"/out*
    if ! timeout 200 valgrind --quiet --tool=callgrind --callgrind-out-file="$work/out" \
        "$work/growing" "$@" >"$work/counts" 2>&1; then
        cat "$work/counts" >&2
        echo "growing_costs: the run of $1 failed" >&2
        exit 1
    fi
    awk '
        FILENAME == ARGV[1] { operation[++sizes] = $1; size[sizes] = $2; count[sizes] = $3; next }
        /^desc: Trigger: Client Request: / { name = $NF }
        /^totals: / { instructions[name] = $2 }
        END {
            for (i = 1; i <= sizes; i++) {
                name = operation[i] "-" size[i]
                if (!(name in instructions)) exit 1
                print operation[i], size[i], instructions[name] / count[i]
            }
            exit sizes != 4
        }' "$work/counts" "$work"/out.*
}

for operation in claim claim-slabs replace edge first-allocation borrow check trim; do count "$operation" 900; done >"$work/costs"
for operation in huge replace-huge; do count "$operation" 7500; done >>"$work/costs"
judge <"$work/costs"

if printf 'one %d %d\n' 1 100 2 120 4 140 8 185 | judge >"$work/output" || ! grep -q 'one  *8 .*GROWN' "$work/output"; then
    echo "a growth is not found"
    exit 1
fi

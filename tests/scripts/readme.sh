#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/readme.sh SET: the program in the README compiles as it stands and works; and each proof
# that it names, run before anything is built, says in one line to build first.
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2016  # the backquotes are Markdown's
sed -n '/^```cpp$/,/^```$/p' "$(dirname "$0")/../../README.md" | grep -v '^```' >"$work/prog.cpp"
"$1/bin/emma-c++" -O2 -Wall -Wextra -Werror "$work/prog.cpp" -o "$work/prog"
"$work/prog"

# shellcheck disable=SC2016  # the backquotes are Markdown's
sed -n 's/.*`\(tests[^`]*\.sh\) build.*/\1/p' README.md | sort -u >"$work/proofs"
[[ -s $work/proofs ]]
while read -r proof; do
    said=$("$proof" "$work/nothing" 2>&1) && { echo "$proof: nothing is built, and it passes" && exit 1; }
    [[ $said == *": build first: make"* && $(wc -l <<<"$said") -eq 1 ]] || { echo "$proof: $said" && exit 1; }
done <"$work/proofs"

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/readme.sh SET: the program in the README compiles as it stands and works.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2016  # the backquotes are Markdown's
sed -n '/^```cpp$/,/^```$/p' "$(dirname "$0")/../../README.md" | grep -v '^```' >"$work/prog.cpp"
"$1/bin/emma-c++" -O2 -Wall -Wextra -Werror "$work/prog.cpp" -o "$work/prog"
"$work/prog"

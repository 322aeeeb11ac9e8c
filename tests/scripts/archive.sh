#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/archive.sh SET: the archive needs nothing from outside, runs nothing before main, and
# holds no instruction beyond x86-64-v1.
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
here=$(dirname "$0")
"$here/../lint/symbols" "$1/libemma.a"
"$here/../lint/instructions" "$1/libemma.a" "$1/libemma_crt.a"

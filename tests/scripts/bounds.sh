#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/bounds.sh SET: every case of tests/freestanding/bounds.cpp, which takes a sample by itself.
# TEST-ONCE: the sample runs in every set
# TEST-LIMIT: 200
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" programs
timeout 180 "$1/tests/static/tests/freestanding/bounds" 1

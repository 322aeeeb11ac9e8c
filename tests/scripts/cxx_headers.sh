#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/cxx_headers.sh SET: each small program over a header of the C++ library, in one dialect, at one level,
# by one compiler, other ones for each (tests/headers/run makes the whole table of crt/README.md).
# TEST-ONCE: it takes both compilers by itself
# TEST-LIMIT: 300
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
exec tests/headers/run --sample "$1"

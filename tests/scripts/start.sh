#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/start.sh SET: a sample of the matrix of start-up (tests/matrix/start/run): thread-local
# storage, functions with versions, relocations, constructors and threads, by each linker.
# TEST-ONCE: it chooses its compilers itself
# TEST-LIMIT: 120
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
exec "$(dirname "$0")/../matrix/start/run" --sample "$1"

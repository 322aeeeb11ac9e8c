# SPDX-License-Identifier: MIT OR Apache-2.0
# The guards of other processes are not looked for.
# file: core/arena_pool.h
# rebuild: core/proof.cpp core/arena_pool.cpp core/trim.cpp tests/explorer/scenarios/unmapping.cpp
# scenario: unmap_process
s/^ +if \(process_guards_\[process\]\.load.*$/            continue;/

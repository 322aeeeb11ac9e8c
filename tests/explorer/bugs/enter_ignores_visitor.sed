# SPDX-License-Identifier: MIT OR Apache-2.0
# The holder does not look for a visitor.
# file: core/heap.h
# rebuild: core/heap_pool.cpp tests/explorer/scenarios/heap_pool.cpp
# scenario: visit
s/if \(visited.admits\(before\)\) \[\[likely\]\]/if (before == Busy::Mark::kUnoccupied)/

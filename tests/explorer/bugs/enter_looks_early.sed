# SPDX-License-Identifier: MIT OR Apache-2.0
# The holder looks for a visitor before it is seen itself.
# file: core/heap.h
# rebuild: core/heap_pool.cpp tests/explorer/scenarios/heap_pool.cpp
# scenario: visit
s/const Busy::Mark before = busy.occupy\(\);/const bool is_visited = visited.is_set();\n        &/
s/if \(visited.admits\(before\)\) \[\[likely\]\]/if (!is_visited \&\& before == Busy::Mark::kUnoccupied)/

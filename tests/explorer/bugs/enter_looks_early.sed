# SPDX-License-Identifier: MIT OR Apache-2.0
# The holder looks for a visitor before it is seen itself.
# file: core/heap.h
# rebuild: core/heap_pool.cpp tests/explorer/scenarios/heap_pool.cpp
# scenario: visit
s/if \(!busy.enter\(\)\) return false;/const bool is_visited = visited.is_set();\n        &/
s/if \(visited.is_set\(\)\) \[\[unlikely\]\]/if (is_visited)/

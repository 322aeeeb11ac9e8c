# SPDX-License-Identifier: MIT OR Apache-2.0
# The holder looks for a visitor before it is seen itself.
# file: core/heap.h
# rebuild: core/heap_pool.cpp tests/explorer/scenarios/heap_pool.cpp
# scenario: visit
s/return busy.enter\(\) \&\& !visited.is_set\(\);/const bool alone = !visited.is_set();\n        return busy.enter() \&\& alone;/

# SPDX-License-Identifier: MIT OR Apache-2.0
# A visit ends before what was done in it.
# file: core/heap.h
# rebuild: core/heap_pool.cpp tests/explorer/scenarios/heap_pool.cpp
# scenario: visit
s/(flag_.store\(0, )memory_order_release/\1memory_order_relaxed/

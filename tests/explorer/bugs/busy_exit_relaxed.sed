# SPDX-License-Identifier: MIT OR Apache-2.0
# A holder leaves without what it did: a visitor comes too early.
# file: core/heap.h
# rebuild: core/heap_pool.cpp tests/explorer/scenarios/heap_pool.cpp
# scenario: visit
s/(mark_.store\(before, memory_order_)release/\1relaxed/

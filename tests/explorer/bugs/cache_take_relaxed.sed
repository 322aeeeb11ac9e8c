# SPDX-License-Identifier: MIT OR Apache-2.0
# Who takes a cached mapping does not see what was done with it before.
# file: core/arena_table.h
# options: FOR=speed
# rebuild: core/arena_table.cpp core/large.cpp core/arena_pool.cpp
# scenario: cached_mapping
s/key.store\(addr\(\) \| state, memory_order_release\);/key.store(addr() | state, memory_order_relaxed);/

# SPDX-License-Identifier: MIT OR Apache-2.0
# The holder enters without what the last visitor did.
# file: core/heap.h
# rebuild: core/heap_pool.cpp tests/explorer/scenarios/heap_pool.cpp
# scenario: visit
s/return flag_.is_below\((.*)\);/return flag_.load(memory_order_relaxed) < \1;/

# SPDX-License-Identifier: MIT OR Apache-2.0
# A heap is claimed without what its last holder did.
# file: core/heap.h
# rebuild: core/heap_pool.cpp tests/explorer/scenarios/heap_pool.cpp
# scenario: borrow
s/(compare_exchange\(expected, holder.bits\(\), )memory_order_acquire/\1memory_order_relaxed/

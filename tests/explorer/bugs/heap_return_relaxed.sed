# SPDX-License-Identifier: MIT OR Apache-2.0
# A heap is returned without what its holder did.
# file: core/heap.h
# rebuild: core/heap_pool.cpp tests/explorer/scenarios/heap_pool.cpp
# scenario: borrow
s/(word_.store\(Holder::nobody\(\).bits\(\), )memory_order_release/\1memory_order_relaxed/

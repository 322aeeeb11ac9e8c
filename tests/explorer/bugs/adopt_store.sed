# SPDX-License-Identifier: MIT OR Apache-2.0
# Taking over is load and store: two adopt one heap.
# file: core/heap.h
# rebuild: core/heap_pool.cpp tests/explorer/scenarios/heap_pool.cpp
# scenario: adopt
/word_.compare_exchange\(expected, holder.bits\(\), memory_order_acquire/,/memory_order_relaxed\);/c\
               (word_.store(holder.bits(), memory_order_seq_cst), true);

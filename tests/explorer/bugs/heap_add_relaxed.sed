# SPDX-License-Identifier: MIT OR Apache-2.0
# A new heap is published before it is linked to the others.
# file: core/heap_pool.cpp
# scenario: borrow
s/(newest_.compare_exchange\(before, heap, )memory_order_release/\1memory_order_relaxed/

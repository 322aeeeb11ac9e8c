# SPDX-License-Identifier: MIT OR Apache-2.0
# The heap to take next is told without what is in it.
# file: core/heap_pool.cpp
# scenario: take_in_turn
s/(next_to_take_\.store\(heap), memory_order_release/\1, memory_order_relaxed/

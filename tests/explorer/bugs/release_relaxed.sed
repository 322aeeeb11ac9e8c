# SPDX-License-Identifier: MIT OR Apache-2.0
# Slices are released without what their owner did.
# file: core/arena.cpp
# scenario: slices
s/(set_bits\(range_bits\(first, count\), )memory_order_release/\1memory_order_relaxed/

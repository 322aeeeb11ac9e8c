# SPDX-License-Identifier: MIT OR Apache-2.0
# A claim does not acquire what the last owner of the slices did.
# file: core/arena.cpp
# scenario: slices
s/(free_slices.compare_exchange\(free, free \& ~wanted, )memory_order_acquire/\1memory_order_relaxed/

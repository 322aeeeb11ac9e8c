# SPDX-License-Identifier: MIT OR Apache-2.0
# An arena is closed that another thread has not done reopening.
# file: core/trim.cpp
# scenario: unmap_twice
s/(compare_exchange\(mark, kClosed, )memory_order_acquire/\1memory_order_relaxed/

# SPDX-License-Identifier: MIT OR Apache-2.0
# An arena is closed without what the last users of its slices did.
# file: core/trim.cpp
# scenario: unmap_claim
s/(free_slices.compare_exchange\(present, 0, )memory_order_acquire/\1memory_order_relaxed/

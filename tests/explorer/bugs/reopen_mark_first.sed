# SPDX-License-Identifier: MIT OR Apache-2.0
# An arena that was closed may grow again before its slices are free: what it grew by is lost.
# file: core/trim.cpp
# scenario: unmap_claim
/^    head.free_slices.store\(present, memory_order_release\);/d
/^    head.mark.store\(has_gaps/a\
    head.free_slices.store(present, memory_order_release);

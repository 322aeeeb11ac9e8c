# SPDX-License-Identifier: MIT OR Apache-2.0
# An arena may grow again before its free slices are back: those that it grows by are lost.
# file: core/trim.cpp
# scenario: unmap_claim
/^    head.free_slices.store\(present, memory_order_release\);/d
s/^    head.mark.store\(has_gaps.*/&\n    head.free_slices.store(present, memory_order_release);/

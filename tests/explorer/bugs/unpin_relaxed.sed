# SPDX-License-Identifier: MIT OR Apache-2.0
# A place is no longer pinned before the thread has done looking at its arena.
# file: core/arena_list.cpp
# scenario: unmap_claim
s/(pinned->pins.fetch_sub\(1, )memory_order_release/\1memory_order_relaxed/

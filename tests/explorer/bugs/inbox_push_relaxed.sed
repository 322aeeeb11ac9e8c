# SPDX-License-Identifier: MIT OR Apache-2.0
# The push on the inbox does not release the link behind it.
# file: core/heap.cpp
# scenario: remote_free
s/(head, slab, )memory_order_release/\1memory_order_relaxed/

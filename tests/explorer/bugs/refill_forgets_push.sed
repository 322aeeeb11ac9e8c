# SPDX-License-Identifier: MIT OR Apache-2.0
# A refill takes all of its slab's count, although the slab is in the inbox: it is pushed again.
# file: core/heap.cpp
# scenario: inbox_refill
s/collect\(slab, 1\);/collect(slab, 0);/

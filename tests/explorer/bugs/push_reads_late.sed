# SPDX-License-Identifier: MIT OR Apache-2.0
# A freer reads the slab's size after its push, when the owner may have retired the slab.
# file: core/heap.cpp
# scenario: remote_classes
s/fetch_add\(slices, memory/fetch_add(slices * 0 + slab->slice_count, memory/

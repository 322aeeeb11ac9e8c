# SPDX-License-Identifier: MIT OR Apache-2.0
# What goes back to the source still counts for the limit.
# file: core/own_heap.cpp
# steps: 40000
/^bool front_unmap/,/^}/s/^        let_go\(heap, bytes\);$/        if (bytes < 4 * kPageBytes) let_go(heap, bytes);/

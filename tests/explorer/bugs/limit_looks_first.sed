# SPDX-License-Identifier: MIT OR Apache-2.0
# Two threads see room within a limit, and both take it.
# file: core/own_heap.cpp
# scenario: limit
s/^    const std::size_t now = heap\.held_bytes\.fetch_add\(bytes, memory_order_relaxed\) \+ bytes;$/    const std::size_t now = heap.held_bytes.load(memory_order_relaxed) + bytes;/
s/^    if \(now <= heap\.limit_bytes && now >= bytes\) return true;$/    if (now <= heap.limit_bytes) return heap.held_bytes.fetch_add(bytes, memory_order_relaxed), true;\n    return false;/

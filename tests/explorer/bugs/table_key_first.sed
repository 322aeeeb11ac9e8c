# SPDX-License-Identifier: MIT OR Apache-2.0
# An address is known before its size.
# file: core/arena_table.cpp
# scenario: huge_ask
/^        entry.bytes.store\(bytes, memory_order_relaxed\);/d
s/^        entry.key.store\(addr, memory_order_release\);.*/&\n        entry.bytes.store(bytes, memory_order_relaxed);/

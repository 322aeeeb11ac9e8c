# SPDX-License-Identifier: MIT OR Apache-2.0
# An address is known before its size.
# file: core/arena_table.cpp
# scenario: ask_entry_huge
/^ +entry.bytes.store\(bytes, memory_order_release\);/d
s/^ +entry.key.store\(key, memory_order_release\);.*/&\n        entry.bytes.store(bytes, memory_order_release);/

# SPDX-License-Identifier: MIT OR Apache-2.0
# A size of the entry's next use is read without what makes that use's key visible.
# file: core/arena_table.cpp
# scenario: ask_entry_huge
s/entry.bytes.store\(bytes, memory_order_release\);/entry.bytes.store(bytes, memory_order_relaxed);/

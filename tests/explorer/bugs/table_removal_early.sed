# SPDX-License-Identifier: MIT OR Apache-2.0
# The size of what is removed is read before the entry is won.
# file: core/arena_table.cpp
# scenario: remove_entry
s/^    std::uintptr_t expected = key;/    const std::size_t early = entry->bytes.load(memory_order_relaxed);\n&/
s/return \{entry, entry->bytes.load\(memory_order_relaxed\)\};/return {entry, early};/

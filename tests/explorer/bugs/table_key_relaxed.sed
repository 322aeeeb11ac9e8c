# SPDX-License-Identifier: MIT OR Apache-2.0
# An address is stored without what makes its size visible.
# file: core/arena_table.cpp
# scenario: ask_entry_huge
s/^( +entry.key.store\(key, )memory_order_release/\1memory_order_relaxed/

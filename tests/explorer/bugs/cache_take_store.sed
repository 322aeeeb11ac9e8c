# SPDX-License-Identifier: MIT OR Apache-2.0
# Taking a cached mapping is load and store: two threads have it.
# file: core/arena_table.cpp
# options: FOR=speed
# scenario: cached_mapping
/if \(!entry->key.compare_exchange\(expected, \(key/,/return \{\};/c\
    (void)expected;\
    entry->key.store((key \& ~std::uintptr_t{kStateMask}) | kRemoving, memory_order_seq_cst);

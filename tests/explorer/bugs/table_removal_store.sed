# SPDX-License-Identifier: MIT OR Apache-2.0
# Removing is load and store: two frees of one huge object win.
# file: core/arena_table.cpp
# scenario: huge
/if \(!entry->key.compare_exchange\(expected, /,/return \{\};/c\
    (void)expected;\
    entry->key.store((key \& ~std::uintptr_t{kStateMask}) | kRemoving, memory_order_seq_cst);

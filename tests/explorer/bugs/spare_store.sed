# SPDX-License-Identifier: MIT OR Apache-2.0
# Whoever finds pages to unmap takes them without asking.
# file: core/arena_table.h
# rebuild: core/trim.cpp
# scenario: spare
/if \(!entries\[i\].key.compare_exchange\(key, addr \| kRemoving/,/continue;/c\
            entries[i].key.store(addr | kRemoving, memory_order_seq_cst);

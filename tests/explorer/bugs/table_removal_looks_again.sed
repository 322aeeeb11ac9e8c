# SPDX-License-Identifier: MIT OR Apache-2.0
# The end of a removal looks the entry up anew by its address, and finds another thread's.
# file: core/arena_table.h
# rebuild: core/arena_table.cpp core/arena_pool.cpp core/large.cpp core/trim.cpp tests/explorer/scenarios/growth.cpp tests/explorer/scenarios/reuse.cpp
# scenario: table_again
s/^ +removal.entry->set_state\(unmapped .*/    const std::uintptr_t addr = removal.entry->key.load(memory_order_relaxed) \& ~std::uintptr_t{kStateMask};\n    find(addr, kRemoving)->set_state(unmapped ? kRemoved : kSpare);/

// SPDX-License-Identifier: MIT OR Apache-2.0
// Probing, inserting, removing and growing the table of what is mapped.
#include "core/arena_table.h"

namespace emma {

ArenaTable::Entry* ArenaTable::find(std::uintptr_t key, std::uintptr_t states) const {
    Entry* result = nullptr;
    any_table([&](Entry* entries, std::size_t mask) {
        for (std::size_t i = 0; i < kMaxProbes; ++i) {
            Entry& entry = entries[(hash(key) + i) & mask];
            // Pairs with insert_into(): the size comes with the key. Sequentially consistent
            // with begin_removal() and the count of guards, see ArenaPool::unmap_closed().
            const std::uintptr_t found = entry.key.load(memory_order_seq_cst);
            if (found == 0) return false;
            if ((found & ~states) != key) continue;
            result = &entry;
            return true;
        }
        return false;
    });
    return result;
}

std::size_t ArenaTable::bytes_at(std::uintptr_t addr) const {
    const Entry* const entry = find(addr, kKnown);
    return entry == nullptr ? 0 : entry->bytes_of(addr);
}

bool ArenaTable::was_removed(std::uintptr_t addr) const {
    return find(addr, kRemoved | kRemoving | kSpare) != nullptr;
}

ArenaTable::Removal ArenaTable::begin_removal(std::uintptr_t key) {
    Entry* const entry = find(key, 0);
    if (entry == nullptr) return {};
    std::uintptr_t expected = key;
    // Of several removers one wins; the entry then belongs to it until end_removal(), and its size
    // is read only then: it may have been used again for the same address since it was found.
    if (!entry->key.compare_exchange(expected, (key & ~std::uintptr_t{kStateMask}) | kRemoving,
                                     memory_order_seq_cst, memory_order_relaxed))
        return {};
    return {entry, entry->bytes.load(memory_order_relaxed)};
}

ArenaTable::Entry* ArenaTable::insert_in_place(std::uintptr_t key, std::size_t bytes) {
    Entry* result = nullptr;
    any_table([&](Entry* entries, std::size_t mask) {
        for (std::size_t i = 0; i < kMaxProbes; ++i) {
            Entry& entry = entries[(hash(key) + i) & mask];
            std::uintptr_t found = entry.key.load(memory_order_relaxed);
            if (found != 0 && (found & kStateMask) != kRemoved) continue;
            // Acquire: the last owner of the entry is done with its size.
            if (!entry.key.compare_exchange(found, kReserved, memory_order_acquire,
                                            memory_order_relaxed))
                continue;
            entry.bytes.store(bytes, memory_order_release);  // pairs with bytes_of()
            entry.key.store(key, memory_order_release);      // pairs with find()
            result = &entry;
            return true;
        }
        return false;
    });
    return result;
}

ArenaTable::Entry* ArenaTable::insert(Pages& pages, std::uintptr_t key, std::size_t bytes) {
    for (;;) {
        Table* const newest = newest_.load(memory_order_acquire);
        if (Entry* const entry = insert_in_place(key, bytes)) return entry;
        // Each round ends with one table more, this thread's or another's.
        if (!add_table(pages, newest)) return nullptr;
    }
}

bool ArenaTable::add_table(Pages& pages, Table* newest) {
    // Of 256 entries, or four times as many as there are.
    const std::size_t mask = newest == nullptr ? 255 : 4 * newest->mask + 3;
    const std::size_t bytes = bytes_for(mask);
    auto* const table = static_cast<Table*>(pages.map(bytes, kPageBytes));
    if (table == nullptr) return false;
    table->older = newest;
    table->mask = mask;
    // Release publishes the head; the entries are zero already. Losing means another has added one.
    if (!newest_.compare_exchange(newest, table, memory_order_acq_rel, memory_order_relaxed))
        (void)pages.unmap_or_keep(table, bytes);
    return true;
}

}  // namespace emma

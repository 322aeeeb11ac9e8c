// SPDX-License-Identifier: MIT OR Apache-2.0
// What an instance has mapped for objects: its arenas and its huge objects, by address. This is the
// exact proof that a pointer is Emma's: it is consulted before anything behind an unproved pointer
// is read or written.
//
// A chain of open-addressed hash tables, newest and largest first; an entry never moves, and a key
// that was once used never becomes 0 again, so a probe can stop at the first 0. The first table is
// part of the instance. Lock-free: an insert that loses an entry to another thread takes the next.
//
// While an address is being forgotten its pages may already be another thread's, which makes them
// known in another entry. So one address may have several entries, of which at most one is known;
// the thread that forgets it works on the very entry that it has won.
//
// An entry is used again, for any address. Hence what an address is known as stands in the one word
// that names it, and a size counts only if the entry still names the address after the size was
// read. Whoever owns the entry (kRemoving) reads an exact size; others a size of the address at
// some time, exact if the caller holds the object.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/atomic.h"
#include "core/layout.h"
#include "core/pages.h"

namespace emma {

class ArenaTable {
  private:
    struct Entry;
    enum State : std::uintptr_t;

  public:
    // An arena is known by its address with this mark, a huge object by its address alone (a
    // multiple of a page): the key.
    static constexpr std::uintptr_t kArena = 5;
    // The key of pages that nothing leads to but this entry: a huge object's that was freed.
    static constexpr std::uintptr_t kSparePages = 3;
    // The size that an arena is known with; no huge object has it.
    static constexpr std::size_t kArenaMark = 1;

    // The key of a huge object's address that is not known yet, with this mark.
    static constexpr std::uintptr_t kComing = 2;

    // Makes `key` known with `bytes`. Null if the table must grow and the source refuses; then
    // nothing has changed. Marked kComing, the entry is the caller's own, as if it had been won by
    // begin_removal().
    Entry* insert(Pages& pages, std::uintptr_t key, std::size_t bytes);

    bool is_arena(std::uintptr_t addr) const { return find(addr | kArena, 0) != nullptr; }
    // The size of the huge object that is known at exactly `addr`; 0: none is.
    std::size_t bytes_at(std::uintptr_t addr) const;

    // The right to unmap what an entry tells of.
    struct Removal {
        Entry* entry;
        std::size_t bytes;  // 0: nothing, and no right
    };
    // Forgets `key`, or a spare one, while its pages are unmapped: the right goes to the one caller
    // that finds it known, who calls one of the three below it.
    Removal begin_removal(std::uintptr_t key);
    // Known again, with `bytes`: a huge object.
    void cancel_removal(Removal removal, std::size_t bytes) {
        removal.entry->bytes.store(bytes, memory_order_release);  // pairs with bytes_of()
        removal.entry->set_state(kKnown);                         // pairs with find()
    }
    // With the bytes that it has.
    void make_known(Removal removal) { removal.entry->set_state(kKnown); }
    // The same for an arena.
    void cancel_removal(Removal removal) { removal.entry->set_state(kArenaState); }
    // `unmapped` false: the pages are still there, and are spare from now on.
    void end_removal(Removal removal, bool unmapped) {
        removal.entry->set_state(unmapped ? kRemoved : kSpare);
    }
    // The first `bytes` of them are spare from now on, the rest is the caller's.
    void end_removal_as_spare(Removal removal, std::size_t bytes) {
        removal.entry->bytes.store(bytes, memory_order_release);  // pairs with bytes_of()
        removal.entry->set_state(kSpare);
    }

    // Calls unmap(addr, bytes) for all spare pages; true forgets them.
    template <typename Unmap>
    void retry_unmapping(Unmap unmap);
    // Calls visit(addr, bytes) for all spare pages, as they were at some time: only an entry that
    // was won by begin_removal() gives the right to them.
    template <typename Visitor>
    void for_each_spare(Visitor visit) const {
        for_each_in(kSpare, kSpare, visit);
    }
    // The size of the spare pages that start at `addr`, at some time; 0: there are none.
    std::size_t spare_bytes_at(std::uintptr_t addr) const {
        const Entry* const entry = find(addr | kSpare, 0);
        return entry == nullptr ? 0 : entry->bytes_of(addr | kSpare);
    }

    // Of an address that is not known: whether it was, and its entry not used again since. Names a
    // second free.
    bool was_removed(std::uintptr_t addr) const;

    // Calls visit(addr, bytes) for all that is known.
    template <typename Visitor>
    void for_each(Visitor visit) const {
        for_each_in(kKnown, kArenaState, visit);
    }

    // Calls visit(pages, bytes) for each table beyond the first, which may unmap it.
    template <typename Visitor>
    void for_each_mapping(Visitor visit) const;

  private:
    // An entry's key is an address with a state in its low bits; 0 is an entry never used.
    enum State : std::uintptr_t {
        kKnown = 0,
        kRemoved = 1,          // free for the next insert
        kRemoving = kComing,   // belongs to the thread that unmaps, or moves pages there
        kSpare = kSparePages,  // pages that could not be unmapped, or are cached
        kReserved = 4,         // belongs to the thread that inserts
        kArenaState = kArena,
        kStateMask = 7,
    };
    struct Entry {
        Atomic<std::uintptr_t> key;
        Atomic<std::size_t> bytes;
        // Read after `key_now`, the entry's; 0: the entry has another key by now. Acquire, and
        // release where it is written: with a size of the entry's next use comes that use's key.
        std::size_t bytes_of(std::uintptr_t key_now) const {
            const std::size_t bytes_now = bytes.load(memory_order_acquire);
            return key.load(memory_order_relaxed) == key_now ? bytes_now : 0;
        }
        // By whoever the entry belongs to.
        std::uintptr_t addr() const {
            return key.load(memory_order_relaxed) & ~std::uintptr_t{kStateMask};
        }
        void set_state(State state) { key.store(addr() | state, memory_order_release); }
    };
    struct Table {
        Table* older;      // const after publish
        std::size_t mask;  // entry count - 1; const after publish
        Entry* entries() { return reinterpret_cast<Entry*>(this + 1); }
    };
    static constexpr unsigned kFirstEntries = 16;
    static constexpr unsigned kMaxProbes = 8;

    // The factor, 2^32 divided by the golden ratio's square, fits in an instruction.
    static std::size_t hash(std::uintptr_t addr) {
        return static_cast<std::size_t>((addr >> kPageShift) * 0x61c88647 >> 32);
    }
    static std::size_t bytes_for(std::size_t mask) {  // a page more than the entries, for the head
        return (mask + 1) * sizeof(Entry) + kPageBytes;
    }

    // Calls visit(addr, bytes) for all entries in one of two states.
    template <typename Visitor>
    void for_each_in(State one, State other, Visitor visit) const;
    // Calls look(entries, mask) for each table, newest first, until it returns true.
    template <typename Look>
    bool any_table(Look look) const;
    // The first entry that has `key`, but for the bits of `states`.
    Entry* find(std::uintptr_t key, std::uintptr_t states) const;
    // insert() into the tables that are there; null: no entry is free where `key` may stand.
    [[gnu::noinline]] Entry* insert_in_place(std::uintptr_t key, std::size_t bytes);
    bool add_table(Pages& pages, Table* newest);

    friend struct Layout;  // linker/gdb

    Atomic<Table*> newest_;               // any thread; null: only first_
    mutable Entry first_[kFirstEntries];  // any thread
};

template <typename Look>
bool ArenaTable::any_table(Look look) const {
    Table* table = newest_.load(memory_order_acquire);
    for (;;) {
        const bool is_first = table == nullptr;
        if (look(is_first ? first_ : table->entries(), is_first ? kFirstEntries - 1 : table->mask))
            return true;
        if (is_first) return false;
        table = table->older;
    }
}

template <typename Unmap>
void ArenaTable::retry_unmapping(Unmap unmap) {
    any_table([&](Entry* entries, std::size_t mask) {
        for (std::size_t i = 0; i <= mask; ++i) {
            std::uintptr_t key = entries[i].key.load(memory_order_acquire);
            const std::uintptr_t addr = key & ~std::uintptr_t{kStateMask};
            if ((key & kStateMask) != kSpare) continue;
            // The entry belongs to whoever makes it kRemoving.
            if (!entries[i].key.compare_exchange(key, addr | kRemoving, memory_order_acquire,
                                                 memory_order_relaxed))
                continue;
            const bool gone = unmap(addr, entries[i].bytes.load(memory_order_relaxed));
            entries[i].set_state(gone ? kRemoved : kSpare);
        }
        return false;
    });
}

template <typename Visitor>
void ArenaTable::for_each_mapping(Visitor visit) const {
    for (Table* table = newest_.load(memory_order_acquire); table != nullptr;) {
        Table* const older = table->older;
        visit(static_cast<void*>(table), bytes_for(table->mask));
        table = older;
    }
}

template <typename Visitor>
void ArenaTable::for_each_in(State one, State other, Visitor visit) const {
    any_table([&](Entry* entries, std::size_t mask) {
        for (std::size_t i = 0; i <= mask; ++i) {
            const std::uintptr_t key = entries[i].key.load(memory_order_acquire);
            const std::uintptr_t state = key & kStateMask;
            if (key == 0 || (state != one && state != other)) continue;
            if (const std::size_t bytes = entries[i].bytes_of(key)) visit(key - state, bytes);
        }
        return false;
    });
}

}  // namespace emma

// SPDX-License-Identifier: MIT OR Apache-2.0
// All arenas of an instance, with the table that proves pointers and the account of what was
// mapped. Slices come from old arenas first, so that young ones can empty. Any thread may call
// anything here.
//
// Memory goes back in two ways:
//   purge   free slices keep their addresses and lose their pages. When as much has been released
//           as is in use eight times over, and 4 MiB, and a slice for every 16 arenas, a scan
//           purges what stayed free since the scan before, until half of a limit is left of what is
//           free and resident. If that is more than 32 MiB and four times what is in use, the next
//           scan is due without a turnover. The limit is 4 MiB, and rises when slices that were
//           purged come into use again: to 16 MiB and twice what is in use. So a steady program
//           purges nothing, and a peak goes back as often as it comes. No clock. Pages between the
//           live objects of a slab are purged on emma_trim only: see
//           ThreadHeap::purge_between_objects().
//   unmap   an arena without a slice in use, on trim(). Such an arena is closed (all its slices are
//           claimed), hidden in the list, leaves the table, and is unmapped if then no guard is
//           held and its place is not pinned: a thread that counts itself after that finds it
//           neither in the list nor in the table. Otherwise it is shown again and is only purged.
//           Whoever goes through the list pins the one place that it looks at, so trims beside it
//           get the other arenas.
//
// A thread takes one arena at a time to unmap it, and kPurgeSlices of one to purge them: that is
// what is lost if it ends in between, or if a fork leaves it behind.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/arena.h"
#include "core/arena_list.h"
#include "core/arena_table.h"
#include "core/atomic.h"
#include "core/config.h"
#include "core/holder.h"
#include "core/pages.h"

namespace emma {

class ArenaPool {
  public:
    constexpr ArenaPool() = default;
    explicit ArenaPool(const PageSource& source) : pages_(source) {}

    // `count` adjacent slices, the first at a multiple of `alignment_slices`; grows an arena or
    // adds one if needed. Not ok(): no memory, or no arena is that long.
    SliceRange claim(unsigned count, unsigned alignment_slices);
    // FOR=speed: the same for a slab, in the arena `near` (null, or one that the caller has slices
    // of) if it can be, else from another arena on for another `number`. Heaps that take turns in
    // one arena have neighbouring descriptors and bitmaps: lines of their own, but processors fetch
    // the neighbours too.
    SliceRange claim_apart(Arena* near, std::uintptr_t number, unsigned count);
    // Exactly these slices of an arena that the caller has slices of, mapped for it where they are
    // not; false: they cannot be had.
    bool claim_exactly(Arena* arena, unsigned first, unsigned count);
    void release(Arena* arena, unsigned first, unsigned count);

    // The arena around `addr`, or null where Emma has none there. Reads nothing at `addr`. Unless
    // an object in it is live the arena may go at any time: see ArenaGuard.
    Arena* arena_around(std::uintptr_t addr) const;
    // Whether an arena is known to start there, by what was last proved alone: false says nothing.
    bool was_proved(std::uintptr_t base) const {
        return last_proof(base).load(memory_order_relaxed) == proof_of(base);
    }

    // Purges and unmaps all that is free; the bytes that went back.
    std::size_t trim();

    // Gives every arena back, in use or not, and what lists them. The pool is dead then.
    void unmap_all();

    // ---- FOR=speed: the pages of the huge objects that were freed last stay mapped for the next.
    // They count as mapped, and go if memory is short and on trim(). All that is believed of them
    // is their entry in the table, where they are spare: nothing lies in the pages themselves.
    void cache(ArenaTable::Removal removal, std::uintptr_t addr);
    // Of at least `bytes`, at most a third more, at a multiple of `alignment`, and known again; not
    // zeroed. Null: there are no such ones.
    void* take_cached(std::size_t bytes, std::size_t alignment);
    // Unmaps them; the bytes that went back.
    std::size_t drop_cached();
    // As the pages' function, but what is cached may be what is missing.
    void* map(std::size_t bytes, std::size_t alignment, std::uintptr_t base = 0) {
        void* pages = pages_.map(bytes, alignment, base);
        if (kForSpeed && pages == nullptr && drop_cached() != 0)
            pages = pages_.map(bytes, alignment, base);
        return pages;
    }

    // ---- in spare.cpp, for sources: pages that a source refused to take back are used again

    // Zeroed pages at `base` plus a multiple of `alignment`, of those that are spare. They leave
    // the table and the account: whoever gets them knows and counts them. Null: there are none.
    void* take_spare(std::size_t bytes, std::size_t alignment, std::uintptr_t base);
    // Pages that nothing knows, and that the account lacks, are spare from now on.
    void keep_spare(void* pages, std::size_t bytes);
    // Spare pages, else some by `fresh`, a function as PageSource's.
    using MapFunction = void* (*)(void*, std::size_t, std::size_t, std::uintptr_t);
    void* map_beside_spare(std::size_t bytes, std::size_t alignment, std::uintptr_t base,
                           MapFunction fresh, void* context);

    ArenaTable& table() { return table_; }
    const ArenaTable& table() const { return table_; }
    Pages& pages() { return pages_; }
    const Pages& pages() const { return pages_; }
    const Shape& shape() const { return pages_.shape(); }

    // One more than the last place of an arena.
    std::uint32_t arena_count() const { return list_.end(); }
    // How many slices were ever released. Relaxed: a hint.
    std::size_t released_slices() const { return released_slices_.load(memory_order_relaxed); }

    // Calls visit(addr, bytes) for each mapping of the list.
    template <typename Visitor>
    void for_each_list_mapping(Visitor visit) const {
        list_.for_each_mapping(visit);
    }

    // How often an arena has left the table so far, to go or to come back. Acquire pairs with
    // Arena::reopen(): an arena that came back was counted.
    std::uint64_t unmaps() const { return unmaps_.load(memory_order_acquire); }

    // Where processes share the instance each counts its guards by itself, so that those of one
    // that was killed can be dropped. Before the instance is used; `counts` are zero.
    void count_guards_by_process(Atomic<std::uint32_t>* counts, unsigned process_count) {
        process_guards_ = counts;
        process_count_ = process_count;
    }
    void drop_guards_of(unsigned process) {
        process_guards_[process].store(0, memory_order_release);
    }

    // Calls visit(arena) for every arena, which stays mapped for that time.
    template <typename Visitor>
    void for_each(Visitor visit) const {
        for (std::uint32_t place = 0; place < list_.end(); ++place) {
            Arena* const arena = list_.pin(place);
            if (arena == nullptr) continue;
            visit(*arena);
            list_.unpin(place);
        }
    }

  private:
    friend class ArenaGuard;
    friend struct StatisticsInspector;  // tests
    friend struct Layout;               // linker/gdb

    // Arenas that a claim tries from the oldest with room on, and as many more in turn, before it
    // makes one; and the most that other claims leave it to try.
    static constexpr std::uint32_t kTried = 32;
    static constexpr std::uint32_t kMostLeft = 1024;
    static constexpr std::uint32_t kAll = ~std::uint32_t{0};
    // Where a search goes on, and how many arenas it may try there.
    struct alignas(8) Turn {  // aligned to its size, or clang calls a library for its atomics
        std::uint32_t place;
        std::uint32_t left;
    };
    struct Search {
        Search(unsigned slice_count, unsigned alignment)
            : count(slice_count), alignment_slices(alignment) {}

        unsigned count;
        unsigned alignment_slices;
        SliceRange range;
        Turn turn;  // where it ended
    };
    bool find(Search& search, std::uint32_t place, std::uint32_t left);
    SliceRange claim_new(unsigned count, unsigned alignment_slices);
    bool add_arena(Arena* arena);
    void note_claim(const SliceRange& range);
    void skip_full(std::uint32_t place, const Arena* arena);
    [[gnu::cold]] void look(std::size_t released, std::size_t used);
    Arena* take_empty(std::uint32_t place);
    std::size_t unmap_closed(Arena* arena);
    void put_back(Arena* arena, ArenaTable::Removal removal);
    std::size_t drop(std::uintptr_t addr);
    Atomic<std::uint64_t>& last_proof(std::uintptr_t base) const {
        return proofs_[(base >> kArenaShift) % kProofs];
    }
    // Sequentially consistent with the count of guards, like the table: see unmap_closed(). An
    // arena that goes after the table has been asked counts before its pages go. Never 0.
    std::uint64_t proof_of(std::uintptr_t base) const {
        return (base << 16) + unmaps_.load(memory_order_seq_cst) + 1;
    }
    bool no_guard_held() const {
        for (unsigned process = 0; process < process_count_; ++process)
            if (process_guards_[process].load(memory_order_seq_cst) != 0) return false;
        return guards_.load(memory_order_seq_cst) == 0;
    }
    // Where the calling process counts.
    Atomic<std::uint32_t>& guards() const {
        const unsigned process = process_number();
        return process < process_count_ ? process_guards_[process] : guards_;
    }

    // The words first: what lies within 128 bytes of the start is reached by shorter instructions.
    Pages pages_{};
    // Any thread.
    mutable Atomic<std::uint32_t> guards_;   // how many are looking at arenas that may be empty
    Atomic<std::uint32_t> first_with_room_;  // a hint: the place where to start looking
    Atomic<std::uint32_t> last_with_room_;   // a hint: of the last release, or the last new arena
    Atomic<Turn> turn_;                      // of all claims; lost updates cost a few tries
    Atomic<std::uint64_t> unmaps_;
    // Any thread, relaxed: they publish nothing.
    Atomic<std::size_t> claimed_slices_;  // ever; less what was released: those in use
    Atomic<std::size_t> released_slices_;
    Atomic<std::size_t> last_look_;     // how many had been released then
    Atomic<std::size_t> dirty_slices_;  // free and resident at the last look
    Atomic<std::size_t> extra_limit_;   // slices by which the purge limit was raised
    ArenaTable table_{};
    ArenaList list_{};
    // FOR=speed, any thread, relaxed: where spare pages may be, the newest first; 0: nowhere. Only
    // an entry of the table gives the right to them.
    Atomic<std::uintptr_t> cached_[2];
    // What the table has lately said about arenas, in front of it: an arena's address above the
    // number of unmappings before the table was asked, in whose 28 bits no program will come round.
    // Any thread.
    static constexpr std::size_t kProofs = 16;
    mutable Atomic<std::uint64_t> proofs_[kProofs];
    // const; null and 0: there is but one
    Atomic<std::uint32_t>* process_guards_ = nullptr;
    unsigned process_count_ = 0;
};

// While one exists no arena that its holder found in the table is unmapped. Sequentially consistent
// with the table: see unmap_closed(). What is found in the list is kept by a pin.
class ArenaGuard {
  public:
    explicit ArenaGuard(const ArenaPool& pool) : guards_(pool.guards()) {
        guards_.fetch_add(1, memory_order_seq_cst);
    }
    // Release: the look is over before the count says so.
    ~ArenaGuard() { guards_.fetch_sub(1, memory_order_release); }
    ArenaGuard(const ArenaGuard&) = delete;
    ArenaGuard& operator=(const ArenaGuard&) = delete;

  private:
    Atomic<std::uint32_t>& guards_;
};

// Here and not in arena_pool.cpp: only a program that uses them pays for them.

inline std::size_t ArenaPool::drop(std::uintptr_t addr) {
    const ArenaTable::Removal removal = table_.begin_removal(addr | ArenaTable::kSparePages);
    if (removal.bytes == 0) return 0;
    const bool gone = pages_.unmap(reinterpret_cast<void*>(addr), removal.bytes);
    table_.end_removal(removal, gone);
    return gone ? removal.bytes : 0;
}

inline std::size_t ArenaPool::drop_cached() {
    std::size_t unmapped = 0;
    for (Atomic<std::uintptr_t>& place : cached_)
        unmapped += drop(place.exchange(0, memory_order_relaxed));
    return unmapped;
}

// Spare before it is cached: of a thread that dies in between trim() finds the pages.
inline void ArenaPool::cache(ArenaTable::Removal removal, std::uintptr_t addr) {
    table_.end_removal(removal, false);
    for (Atomic<std::uintptr_t>& place : cached_) {
        addr = place.exchange(addr, memory_order_relaxed);
        if (addr == 0) return;
    }
    (void)drop(addr);
}

inline void* ArenaPool::take_cached(std::size_t bytes, std::size_t alignment) {
    for (Atomic<std::uintptr_t>& place : cached_) {
        const std::uintptr_t addr = place.load(memory_order_relaxed);
        if (addr == 0 || (addr & (alignment - 1)) != 0) continue;
        const ArenaTable::Removal removal = table_.begin_removal(addr | ArenaTable::kSparePages);
        if (removal.bytes >= bytes && removal.bytes - bytes <= bytes / 3) {
            table_.cancel_removal(removal, removal.bytes);
            std::uintptr_t expected = addr;
            (void)place.compare_exchange(expected, 0, memory_order_relaxed, memory_order_relaxed);
            return reinterpret_cast<void*>(addr);
        }
        if (removal.bytes != 0) table_.end_removal(removal, false);
    }
    return nullptr;
}

inline SliceRange ArenaPool::claim_apart(Arena* near, std::uintptr_t number, unsigned count) {
    SliceRange range;
    if (near != nullptr) range = near->claim(count, 1);
    if (!range.ok()) {
        const std::uint32_t end = list_.end();
        Search search(count, 1);
        if (end != 0) (void)find(search, static_cast<std::uint32_t>(number % end), kTried);
        range = search.range;
    }
    if (!range.ok()) return claim(count, 1);
    note_claim(range);
    return range;
}

}  // namespace emma

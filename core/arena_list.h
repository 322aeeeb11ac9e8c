// SPDX-License-Identifier: MIT OR Apache-2.0
// The arenas of an instance in the order of their age, as an array that grows by chunks: an arena
// has one place from add() to vacate(), a new one takes the first empty place. Lock-free; chunks
// are never given back. An arena found here stays mapped only while its place is pinned.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/arena.h"
#include "core/atomic.h"
#include "core/pages.h"

namespace emma {

class ArenaList {
  public:
    static constexpr std::uint32_t kNoPlace = ~std::uint32_t{0};

    // The place that the arena got, also in its head; kNoPlace: the list must grow and the source
    // refuses.
    std::uint32_t add(Pages& pages, Arena* arena);
    // The arena at a place below end(), which stays mapped until unpin(); null: there is none, and
    // nothing to unpin.
    Arena* pin(std::uint32_t place) const;
    void unpin(std::uint32_t place) const;

    // Hides a closed arena; its place stays its own until one of the two below.
    void hide(const Arena& arena);
    void show(Arena* arena);
    void vacate(std::uint32_t place);
    bool is_pinned(std::uint32_t place) const {
        return cell(place)->pins.load(memory_order_seq_cst) != 0;
    }

    // One more than the last place ever used.
    std::uint32_t end() const { return end_.load(memory_order_acquire); }
    // Calls visit(addr, bytes) for each mapping of a chunk.
    template <typename Visitor>
    void for_each_mapping(Visitor visit) const {
        for (unsigned i = 0; i < kChunks; ++i)
            if (Cell* const chunk = chunks_[i].load(memory_order_acquire))
                visit(static_cast<void*>(chunk), chunk_bytes(i));
    }

  private:
    struct Cell {
        Atomic<std::uintptr_t> arena;  // its address, kHidden, or 0: empty
        Atomic<std::uint64_t> pins;    // how many threads look at the arena
    };
    static constexpr std::uintptr_t kHidden = 1;
    static constexpr std::uint32_t kFirstPlaces = 8;
    static constexpr std::uint32_t kSecondPlaces = 256;  // a page; each further chunk doubles
    static constexpr unsigned kChunks = 16;

    // A place from kFirstPlaces on lies in the chunk that the top bit of this names, at the index
    // that the other bits are.
    static std::uint32_t shifted(std::uint32_t place) {
        return place - kFirstPlaces + kSecondPlaces;
    }
    static unsigned chunk_of(std::uint32_t place) {
        return static_cast<unsigned>(std::bit_width(shifted(place)) -
                                     std::bit_width(kSecondPlaces));
    }
    static std::size_t chunk_bytes(unsigned chunk) {
        return (std::size_t{kSecondPlaces} << chunk) * sizeof(Cell);
    }
    friend struct Layout;  // linker/gdb

    Cell* cell(std::uint32_t place) const;
    // False: the list cannot grow.
    bool map_chunk(Pages& pages, unsigned chunk);

    Atomic<std::uint32_t> end_;              // any thread
    Atomic<std::uint32_t> first_empty_;      // any thread; a hint: the places before are not empty
    mutable Cell first_[kFirstPlaces];       // any thread
    mutable Atomic<Cell*> chunks_[kChunks];  // any thread; const once set
};

// Here and not in arena_list.cpp: only a program that trims pays for them. Whoever has closed the
// arena calls them, and nobody else changes its cell.

// Sequentially consistent with pin(): of a thread that pins the place and one that hides its arena
// and then looks for pins, at least one sees the other.
inline void ArenaList::hide(const Arena& arena) {
    cell(arena.head.place)->arena.store(kHidden, memory_order_seq_cst);
}
// Release as add().
inline void ArenaList::show(Arena* arena) {
    cell(arena->head.place)->arena.store(arena->addr(), memory_order_release);
}
// Relaxed: the place is all that the next arena there takes over.
inline void ArenaList::vacate(std::uint32_t place) {
    cell(place)->arena.store(0, memory_order_relaxed);
    std::uint32_t first = first_empty_.load(memory_order_relaxed);
    // A failure means that another thread has added or vacated: it has made progress.
    while (place < first && !first_empty_.compare_exchange(first, place, memory_order_relaxed,
                                                           memory_order_relaxed)) {
    }
}

}  // namespace emma

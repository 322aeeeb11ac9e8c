// SPDX-License-Identifier: MIT OR Apache-2.0
// The arenas of an instance in the order of their age, as an array that grows by chunks: an arena
// has one place from add() to remove(), a new one takes the first empty place. Lock-free; chunks
// are never given back. An arena found here stays mapped only inside an ArenaGuard (arena_pool.h).
#pragma once

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
    // Inside an ArenaGuard.
    void remove(const Arena& arena);

    // One more than the last place ever used.
    std::uint32_t end() const { return end_.load(memory_order_acquire); }
    // The arena at a place below end(), or null.
    Arena* at(std::uint32_t place) const;

    // Calls visit(addr, bytes) for each mapping of a chunk.
    template <typename Visitor>
    void for_each_mapping(Visitor visit) const {
        for (unsigned i = 0; i < kChunks; ++i)
            if (Cell* const chunk = chunks_[i].load(memory_order_acquire))
                visit(static_cast<void*>(chunk), chunk_bytes(i));
    }

  private:
    using Cell = Atomic<Arena*>;
    static constexpr std::uint32_t kFirstPlaces = 8;
    static constexpr std::uint32_t kSecondPlaces = 512;  // a page; each further chunk doubles
    static constexpr unsigned kChunks = 16;

    static std::size_t chunk_bytes(unsigned chunk) {
        return (std::size_t{kSecondPlaces} << chunk) * sizeof(Cell);
    }
    Cell* cell(std::uint32_t place) const;
    Cell* cell_mapping(Pages& pages, std::uint32_t place);

    Atomic<std::uint32_t> end_;              // any thread
    mutable Cell first_[kFirstPlaces];       // any thread
    mutable Atomic<Cell*> chunks_[kChunks];  // any thread; const once set
};

}  // namespace emma

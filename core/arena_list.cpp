// SPDX-License-Identifier: MIT OR Apache-2.0
// Places, chunks, and the pins of a place.
#include "core/arena_list.h"

namespace emma {

// Null where the chunk was never mapped.
ArenaList::Cell* ArenaList::cell(std::uint32_t place) const {
    if (place < kFirstPlaces) return &first_[place];
    const unsigned chunk = chunk_of(place);
    if (chunk >= kChunks) return nullptr;
    Cell* const cells = chunks_[chunk].load(memory_order_acquire);
    return cells == nullptr ? nullptr : cells + (shifted(place) - (kSecondPlaces << chunk));
}

bool ArenaList::map_chunk(Pages& pages, unsigned chunk) {
    if (chunk >= kChunks) return false;
    const std::size_t bytes = chunk_bytes(chunk);
    void* const fresh = pages.map(bytes, kPageBytes);
    if (fresh == nullptr) return false;
    Cell* expected = nullptr;
    // Losing means that another thread has mapped the chunk.
    if (!chunks_[chunk].compare_exchange(expected, static_cast<Cell*>(fresh), memory_order_acq_rel,
                                         memory_order_acquire))
        (void)pages.unmap_or_keep(fresh, bytes);
    return true;
}

Arena* ArenaList::pin(std::uint32_t place) const {
    Cell* const found = cell(place);
    if (found == nullptr) return nullptr;
    found->pins.fetch_add(1, memory_order_seq_cst);
    // Acquire pairs with add() and show(): the arena is seen whole. More: see hide().
    const std::uintptr_t arena = found->arena.load(memory_order_seq_cst);
    if (arena > kHidden) return reinterpret_cast<Arena*>(arena);
    found->pins.fetch_sub(1, memory_order_release);
    return nullptr;
}

// Release pairs with is_pinned(): the look is over.
void ArenaList::unpin(std::uint32_t place) const {
    Cell* const pinned = cell(place);
    if (pinned == nullptr) __builtin_unreachable();  // it was there to be pinned
    pinned->pins.fetch_sub(1, memory_order_release);
}

// Relaxed: the hint publishes nothing. A place that is vacated while this thread looks further on
// may be missed; it is found once a lower one is vacated.
std::uint32_t ArenaList::add(Pages& pages, Arena* arena) {
    for (std::uint32_t place = first_empty_.load(memory_order_relaxed);; ++place) {
        Cell* found;
        while ((found = cell(place)) == nullptr)
            if (!map_chunk(pages, chunk_of(place))) return kNoPlace;
        if (found->arena.load(memory_order_relaxed) != 0) continue;
        std::uintptr_t expected = 0;
        arena->head.place = place;
        // A failure means that another thread has put its arena here.
        if (!found->arena.compare_exchange(expected, arena->addr(), memory_order_release,
                                           memory_order_relaxed))
            continue;
        first_empty_.store(place + 1, memory_order_relaxed);
        std::uint32_t end = end_.load(memory_order_relaxed);
        while (end <= place &&
               !end_.compare_exchange(end, place + 1, memory_order_release, memory_order_relaxed)) {
        }
        return place;
    }
}

}  // namespace emma

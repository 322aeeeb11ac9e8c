// SPDX-License-Identifier: MIT OR Apache-2.0
// Places and chunks. Place p >= kFirstPlaces lies in the chunk that the top bit of
// p - kFirstPlaces + kSecondPlaces names.
#include "core/arena_list.h"

#include <bit>

namespace emma {
namespace {

struct ChunkPlace {
    unsigned chunk;
    std::uint32_t index;
};

ChunkPlace chunk_place(std::uint32_t place, std::uint32_t first_places,
                       std::uint32_t second_places) {
    const std::uint32_t shifted = place - first_places + second_places;
    const unsigned top = static_cast<unsigned>(std::bit_width(shifted)) - 1;
    const unsigned second_top = static_cast<unsigned>(std::bit_width(second_places)) - 1;
    return {top - second_top, shifted - (std::uint32_t{1} << top)};
}

}  // namespace

// Null where the chunk was never mapped.
ArenaList::Cell* ArenaList::cell(std::uint32_t place) const {
    if (place < kFirstPlaces) return &first_[place];
    const ChunkPlace at = chunk_place(place, kFirstPlaces, kSecondPlaces);
    if (at.chunk >= kChunks) return nullptr;
    Cell* const chunk = chunks_[at.chunk].load(memory_order_acquire);
    return chunk == nullptr ? nullptr : chunk + at.index;
}

ArenaList::Cell* ArenaList::cell_mapping(Pages& pages, std::uint32_t place) {
    if (Cell* const present = cell(place)) return present;
    const unsigned chunk = chunk_place(place, kFirstPlaces, kSecondPlaces).chunk;
    if (chunk >= kChunks) return nullptr;
    const std::size_t bytes = chunk_bytes(chunk);
    void* const fresh = pages.map(bytes, kPageBytes);
    if (fresh == nullptr) return nullptr;
    Cell* expected = nullptr;
    // Losing means that another thread has mapped the chunk.
    if (!chunks_[chunk].compare_exchange(expected, static_cast<Cell*>(fresh), memory_order_acq_rel,
                                         memory_order_acquire))
        (void)pages.unmap_or_keep(fresh, bytes);
    return cell(place);
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
    cell(place)->pins.fetch_sub(1, memory_order_release);
}

std::uint32_t ArenaList::add(Pages& pages, Arena* arena) {
    for (std::uint32_t place = 0;; ++place) {
        Cell* const found = cell_mapping(pages, place);
        if (found == nullptr) return kNoPlace;
        if (found->arena.load(memory_order_relaxed) != 0) continue;
        std::uintptr_t expected = 0;
        arena->head.place = place;
        // A failure means that another thread has put its arena here.
        if (!found->arena.compare_exchange(expected, arena->addr(), memory_order_release,
                                           memory_order_relaxed))
            continue;
        std::uint32_t end = end_.load(memory_order_relaxed);
        while (end <= place &&
               !end_.compare_exchange(end, place + 1, memory_order_release, memory_order_relaxed)) {
        }
        return place;
    }
}

}  // namespace emma

// SPDX-License-Identifier: MIT OR Apache-2.0
// What scenarios about slices share: users that write what a claimant may write, so that two
// claimants of one slice, or one that comes too early, are seen.
#pragma once

#include "core/arena_pool.h"
#include "tests/explorer/explorer.h"
#include "tests/explorer/scenarios/names.h"

namespace emma::explore {

// Takes claimed slices into use and out of it again: descriptors and contents are this thread's.
inline void use_slices(const SliceRange& range, std::uint64_t mark) {
    for (unsigned i = 0; i < range.count; ++i) {
        Slab& line = range.arena->slab(range.first + i);
        line.reciprocal = mark;
        auto* const word =
            reinterpret_cast<std::uint64_t*>(range.arena->slice_addr(range.first + i));
        expect(!range.clean || *word == 0, "a slice said to be zero is not");
        *word = mark;
        expect(*word == mark && line.reciprocal == mark, "two threads use one slice");
    }
}

// An arena of its own over the explorer's pages.
struct OwnArena {
    Pages pages{kSystemPages};
    Arena* arena = nullptr;

    explicit OwnArena(unsigned slices = 4) {
        void* const fresh = pages.map(slices * kSliceBytes, kArenaBytes);
        arena = Arena::make(fresh, slices, kDefaultShape);
        name_arena(*arena);
    }
    std::uint64_t free() const { return arena->head.free_slices.load(memory_order_relaxed); }
    std::uint64_t present() const { return arena->head.present_slices.load(memory_order_relaxed); }
    std::uint64_t clean() const { return arena->head.clean_slices.load(memory_order_relaxed); }
    bool claim_and_use(unsigned count, std::uint64_t mark) {
        const SliceRange range = arena->claim(count, 1);
        if (!range.ok()) return false;
        use_slices(range, mark);
        arena->release(range.first, range.count);
        return true;
    }
    bool claim_exactly_and_use(unsigned first, unsigned count, std::uint64_t mark) {
        if (!arena->claim_exactly(first, count)) return false;
        use_slices(SliceRange(arena, first, count), mark);
        arena->release(first, count);
        return true;
    }
};

}  // namespace emma::explore

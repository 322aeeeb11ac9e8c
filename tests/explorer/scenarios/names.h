// SPDX-License-Identifier: MIT OR Apache-2.0
// Names of the fields of core/ for listings; and its statistics, which nothing is decided by.
#pragma once

#include "core/arena_pool.h"
#include "core/heap.h"
#include "tests/explorer/explorer.h"

namespace emma::explore {

template <typename T>
void name_field(const T& field, const char* name) {
    name_range(&field, sizeof field, 1, name);
}

inline void name_arena(Arena& arena) {
    name_range(&arena, sizeof arena, 1, "arena");
    name_field(arena.head.free_slices, "free_slices");
    name_field(arena.head.present_slices, "present_slices");
    name_field(arena.head.clean_slices, "clean_slices");
    name_field(arena.head.purged_slices, "purged_slices");
    name_field(arena.head.idle_slices, "idle_slices");
    name_field(arena.head.mark, "mark");
    name_field(arena.head.gap_slices, "gap_slices");
    for (unsigned slice = 1; slice < 5; ++slice) {
        name_range(&arena.slab(slice), sizeof(Slab), 1, "slab");
        name_field(arena.slab(slice).owner, "slab.owner");
        name_field(arena.slab(slice).use, "slab.use");
        name_range(arena.free_words(slice), sizeof(BitmapWord), kBitmapWords, "free_words");
        name_range(arena.free_words(slice) + arena.shape().freed_distance, sizeof(BitmapWord),
                   kBitmapWords, "freed");
        name_field(arena.inbox_links()[slice], "inbox_next");
    }
}

}  // namespace emma::explore

namespace emma {
struct StatisticsInspector {
    // Counted all the time by everybody, so their orders would multiply what there is to explore.
    static void leave_out_statistics(ArenaPool& arenas) {
        Pages& pages = arenas.pages_;
        for (auto* word : {&arenas.released_slices_, &pages.mapped_bytes_, &pages.peak_bytes_})
            explore::leave_out(word, sizeof *word);
    }
};
}  // namespace emma

namespace emma::explore {

inline void name_pool(ArenaPool& arenas, const char* name) {
    name_field(arenas, name);
    StatisticsInspector::leave_out_statistics(arenas);
}

inline void name_heap(ThreadHeap& heap, const char* name) {
    name_field(heap, name);
    name_field(heap.inbox, "inbox");
    leave_out(&heap.remote_frees, sizeof heap.remote_frees);
    name_field(heap.ownership, "ownership");
    name_field(heap.busy, "busy");
    name_field(heap.visited, "visited");
}

}  // namespace emma::explore

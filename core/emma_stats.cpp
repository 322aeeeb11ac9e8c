// SPDX-License-Identifier: MIT OR Apache-2.0
// Statistics of the default instance: counters, and a walk over every descriptor. The walk changes
// nothing and reads what other threads write, so it is exact only while they rest.
#include "core/stats.h"

namespace emma {
namespace {

void add_slab(struct emma_stats& stats, Slab& slab) {
    // What other threads freed and the owner has not collected is free as well.
    const std::size_t live = slab.slot_count - count_free(slab.free_words, slab.slot_count) -
                             count_free(freed_words_of(&slab), slab.slot_count);
    stats.live_objects += live;
    stats.live_bytes += live * slab.slot_bytes();
}

void add_arena(struct emma_stats& stats, Arena& arena) {
    ++stats.arenas;
    for (unsigned slice = arena.first_slice(); slice < kSlicesPerArena; ++slice) {
        Slab& slab = arena.slab(slice);
        // Acquire pairs with the announcement: the constant fields of the slab are there.
        const SliceUse use = slab.use.load(memory_order_acquire);
        if (use == SliceUse::kSlab) add_slab(stats, slab);
        if (use != SliceUse::kRun) continue;
        ++stats.live_objects;
        stats.live_bytes += slab_or_run_bytes(&slab);
    }
}

}  // namespace

void gather_stats(Instance& instance, struct emma_stats& stats) {
    stats = {};
    stats.mapped_bytes = instance.arenas.pages().mapped_bytes();
    stats.mapped_peak_bytes = instance.arenas.pages().mapped_peak_bytes();
    stats.system_calls = instance.arenas.pages().source_calls();
    stats.adopted_heaps = instance.adoptions.load(memory_order_relaxed);
    stats.borrowed_heaps = instance.borrows.load(memory_order_relaxed);
    instance.heaps.for_each([&](Heap*) { ++stats.heaps; });
    {
        const ArenaGuard guard(instance.arenas);
        instance.arenas.for_each([&](Arena& arena) { add_arena(stats, arena); });
    }
    instance.arenas.table().for_each([&](std::uintptr_t, std::size_t bytes) {
        if (bytes == ArenaTable::kArenaMark) return;
        ++stats.huge_objects;
        ++stats.live_objects;
        stats.live_bytes += bytes;
    });
}

}  // namespace emma

EMMA_PUBLIC void emma_stats(struct emma_stats* stats) noexcept {
    emma::gather_stats(emma::g_instance, *stats);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Statistics: counters, and a walk over every descriptor. The walk changes nothing and reads what
// other threads write, so it is exact only while they rest.
#include "arch/arch.h"
#include "arch/system.h"
#include "core/audit.h"
#include "core/stats.h"

namespace emma {
namespace {

static_assert(EMMA_SIZE_CLASSES == kSizeClassCount);

void add_slab(struct emma_stats& stats, Slab& slab) {
    // What other threads freed and the owner has not collected is free as well.
    std::size_t live = 0;
    for (unsigned word = 0; word < word_count_for(slab.slot_count); ++word) {
        stats.remote_frees += count_bits(freed_words_of(&slab)[word].load(memory_order_relaxed));
        live += count_bits(live_word(slab, word, slab.slot_count));
    }
    stats.live_objects += live;
    stats.live_bytes += live * slab.slot_bytes();
    struct emma_class_stats& size_class = stats.classes[raw(slab.size_class)];
    size_class.slabs += 1;
    size_class.live_objects += live;
}

// Returns the bytes of free slices that are mapped without being resident.
std::size_t add_arena(struct emma_stats& stats, Arena& arena) {
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
    return std::size_t{count_bits(arena.head.free_slices.load(memory_order_relaxed) &
                                  arena.head.clean_slices.load(memory_order_relaxed))}
           << arena.shape().slice_shift;
}

void add_arenas(Instance& instance, struct emma_stats& stats) {
    std::size_t clean_bytes = 0;
    instance.arenas.for_each([&](Arena& arena) { clean_bytes += add_arena(stats, arena); });
    // Slices that an arena has grown by meanwhile may be clean and not yet counted as mapped.
    stats.resident_bytes =
        stats.mapped_bytes > clean_bytes ? stats.mapped_bytes - clean_bytes : std::size_t{0};
}

// ---- stranded heaps

// Whether nobody will ever work in the heap again: its holder was at work there, or it has a
// visitor, and is no more. The kernel is asked only about heaps that are closed at this moment.
// Threads without heaps of their own say not who they are when they borrow one.
bool is_stranded(HeapPool& heaps, const ThreadHeap* heap) {
    Holder holder = heap->ownership.holder();
    if (holder == Holder::nobody()) return heap->visited.is_set();
    if (heap == current_heap() || heap->is_open() || !heaps.may_ask()) return false;
    if (holder.is_operation()) {
        const ThreadHeap* const own = heap->borrower.load(memory_order_relaxed);
        if (own == nullptr) return false;
        holder = own->ownership.holder();
    }
    return g_instance.heaps.is_gone(holder, arch::process_id());
}

std::size_t bytes_of_slabs(const Instance& instance, const ThreadHeap* heap) {
    std::size_t bytes = 0;
    instance.arenas.for_each([&](Arena& arena) {
        for (unsigned slice = arena.first_slice(); slice < kSlicesPerArena; ++slice) {
            const Slab& slab = arena.slab(slice);
            if (slab.use.load(memory_order_acquire) != SliceUse::kSlab) continue;
            if (slab.owner.heap() == heap) bytes += slab_or_run_bytes(&slab);
        }
    });
    return bytes;
}

void add_heap(Instance& instance, struct emma_stats& stats, const ThreadHeap* heap) {
    ++stats.heaps;
    stats.remote_frees += heap->remote_frees.load(memory_order_relaxed);
    if (!is_stranded(instance.heaps, heap)) return;
    ++stats.stranded_heaps;
    stats.stranded_bytes += bytes_of_slabs(instance, heap);
}

}  // namespace

void gather_stats(Instance& instance, struct emma_stats& stats) {
    arch::zero_bytes(&stats, sizeof stats);
    for (unsigned index = 0; index < kSizeClassCount; ++index)
        stats.classes[index].slot_bytes =
            geometry(SizeClass(static_cast<std::uint8_t>(index))).slot_bytes;
    stats.mapped_bytes = instance.arenas.pages().mapped_bytes();
    stats.mapped_peak_bytes = instance.arenas.pages().mapped_peak_bytes();
    const PageSource& source = instance.arenas.pages().source();
    if (source.idle_bytes != nullptr) stats.idle_bytes = source.idle_bytes(source.context);
    stats.system_calls = instance.arenas.pages().system_calls();
    stats.adopted_heaps = instance.adoptions.load(memory_order_relaxed);
    stats.borrowed_heaps = instance.borrows.load(memory_order_relaxed);
    instance.heaps.for_each([&](const ThreadHeap* heap) { add_heap(instance, stats, heap); });
    add_arenas(instance, stats);
    instance.arenas.table().for_each([&](std::uintptr_t, std::size_t bytes) {
        if (bytes == ArenaTable::kArenaMark) return;
        ++stats.huge_objects;
        ++stats.live_objects;
        stats.live_bytes += bytes;
    });
}

// The system's calls are counted once for both.
void add_stats(Instance& instance, struct emma_stats& sum) {
    struct emma_stats stats;
    gather_stats(instance, stats);
    using Figure = std::size_t emma_stats::*;
    constexpr Figure kFigures[] = {
        &emma_stats::mapped_bytes,   &emma_stats::mapped_peak_bytes, &emma_stats::idle_bytes,
        &emma_stats::live_bytes,     &emma_stats::live_objects,      &emma_stats::arenas,
        &emma_stats::heaps,          &emma_stats::huge_objects,      &emma_stats::adopted_heaps,
        &emma_stats::borrowed_heaps, &emma_stats::resident_bytes,    &emma_stats::remote_frees,
        &emma_stats::stranded_heaps, &emma_stats::stranded_bytes};
    for (Figure figure : kFigures) sum.*figure += stats.*figure;
    for (unsigned index = 0; index < kSizeClassCount; ++index) {
        sum.classes[index].slabs += stats.classes[index].slabs;
        sum.classes[index].live_objects += stats.classes[index].live_objects;
    }
}

}  // namespace emma

using namespace emma;

EMMA_PUBLIC void emma_stats(struct emma_stats* stats) noexcept {
    if (current_heap() != &g_no_heap) g_instance.heaps.settle(current_heap());
    gather_stats(g_instance, *stats);
    if (Instance* const second = second_instance()) add_stats(*second, *stats);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Runs live by their first descriptor's `use`, huge objects by their entry in the arena table: each
// is one atomic word, so ending an object is one compare-and-swap.
#include "core/large.h"

#include "arch/arch.h"
#include "core/config.h"

namespace emma {
namespace {

LargeObject allocate_run(ArenaPool& arenas, const Shape& shape, std::size_t bytes,
                         std::size_t alignment) {
    const unsigned count = shape.slice_count_for(bytes);
    const unsigned alignment_slices = shape.slice_count_for(alignment);
    // The first multiple behind an arena's header is `alignment_slices`.
    if (alignment_slices + count > kSlicesPerArena) return {};
    const SliceRange range = arenas.claim(count, alignment_slices);
    if (!range.ok()) return {};
    Slab& run = range.arena->slab(range.first);
    run.owner.clear();
    run.slice_count = static_cast<std::uint8_t>(count);
    if (kChecks) run.uncounted = 0;  // 1: larger than its object asks for, see stays_oversized()
    // Release: a thread that proves a pointer by this sees the length.
    run.use.store(SliceUse::kRun, memory_order_release);
    return {reinterpret_cast<void*>(range.arena->slice_addr(range.first)), range.clean};
}

std::size_t huge_bytes_for(std::size_t bytes) { return align_up(bytes, kPageBytes); }

// Fresh pages, known from now on.
LargeObject map_huge(ArenaPool& arenas, std::size_t bytes, std::size_t alignment) {
    const std::size_t least_alignment = arenas.shape().huge_alignment;
    if (alignment < least_alignment) alignment = least_alignment;
    void* const pages = arenas.map(bytes, alignment);
    if (pages == nullptr) return {};
    if (arenas.table().insert(arenas.pages(), reinterpret_cast<std::uintptr_t>(pages), bytes))
        return {pages, true};
    (void)arenas.pages().unmap_or_keep(pages, bytes);
    return {};
}

LargeObject allocate_huge(ArenaPool& arenas, std::size_t bytes, std::size_t alignment) {
    const std::size_t mapped = huge_bytes_for(bytes);
    // Its size may be more than is asked for, which CHECKS builds could not tell from a wrong one.
    if (kForSpeed && !kChecks)
        if (void* const cached = arenas.take_cached(mapped, alignment)) return {cached, false};
    return map_huge(arenas, mapped, alignment);
}

}  // namespace

LargeObject allocate_large(ArenaPool& arenas, std::size_t bytes, std::size_t alignment) {
    bytes += bytes == 0;  // an object of its own, only its alignment is large
    const Shape& shape = arenas.shape();
    if (bytes <= shape.run_max_bytes() && alignment <= shape.run_max_alignment)
        if (const LargeObject run = allocate_run(arenas, shape, bytes, alignment); run.start)
            return run;
    return allocate_huge(arenas, bytes, alignment);
}

bool free_run(ArenaPool& arenas, Slab* run) {
    const unsigned count = run->slice_count;
    SliceUse expected = SliceUse::kRun;
    // Acquire and release: the winner releases slices whose contents all users are done with.
    if (!run->use.compare_exchange(expected, SliceUse::kReleasedRun, memory_order_acq_rel,
                                   memory_order_relaxed))
        return false;
    arenas.release(arena_of(run), slice_of(run), count);
    return true;
}

bool resize_run(ArenaPool& arenas, Slab* run, std::size_t bytes) {
    const Shape& shape = arena_of(run)->shape();
    if (bytes <= shape.slab_max_bytes || bytes > shape.run_max_bytes()) return false;
    const unsigned wanted = shape.slice_count_for(bytes);
    const unsigned held = run->slice_count;
    const unsigned first = slice_of(run);
    if (wanted > held && !arenas.claim_exactly(arena_of(run), first + held, wanted - held))
        return false;
    run->slice_count = static_cast<std::uint8_t>(wanted);
    if (kChecks) run->uncounted = 0;
    if (wanted < held) arenas.release(arena_of(run), first + wanted, held - wanted);
    return true;
}

namespace {

// Whether a huge object that is freed may stay mapped for the next. Not in a region or a reserve,
// which have no page faults to save, nor under a limit.
bool may_be_cached(const Pages& pages, std::size_t bytes) {
    constexpr std::size_t kMaxBytes = std::size_t{8} << 20;
    return bytes <= kMaxBytes && &pages.source() == &kSystemPages;
}

}  // namespace

bool free_huge(ArenaPool& arenas, std::uintptr_t addr) {
    const ArenaTable::Removal removal = arenas.table().begin_removal(addr);
    if (removal.bytes == 0) return false;
    if (kForSpeed && !kChecks && may_be_cached(arenas.pages(), removal.bytes)) {
        arenas.cache(removal, addr);
        return true;
    }
    const bool unmapped = arenas.pages().unmap(reinterpret_cast<void*>(addr), removal.bytes);
    arenas.table().end_removal(removal, unmapped);
    return true;
}

namespace {

// For the thread that has won `removal`: where the pages are, or by moving them; null: they are as
// they were. The entry of the place is there before the pages move, so a refusal at any step loses
// nothing; until they have moved it is this thread's own, as nothing need be mapped there.
void* resize_removed(ArenaPool& arenas, ArenaTable::Removal removal, void* pages,
                     std::size_t wanted, std::size_t alignment) {
    ArenaTable& table = arenas.table();
    Pages& source = arenas.pages();
    const std::size_t held = removal.bytes;
    if (wanted == held || source.resize(pages, held, pages, wanted)) {
        table.cancel_removal(removal, wanted);
        return pages;
    }
    ArenaTable::Removal stays = removal;
    void* result = nullptr;
    void* const place = arenas.map(wanted, alignment, reinterpret_cast<std::uintptr_t>(pages));
    if (place != nullptr) {
        const std::uintptr_t key = reinterpret_cast<std::uintptr_t>(place) | ArenaTable::kComing;
        ArenaTable::Removal goes{table.insert(source, key, wanted), wanted};
        bool unmapped = true;
        if (goes.entry != nullptr && source.resize(pages, held, place, wanted)) {
            stays = goes;
            goes = removal;
            result = place;
        } else {
            source.count_place(wanted);
            unmapped = source.unmap(place, wanted);
        }
        // Nobody knows whether a place that could not be unmapped is mapped: it is out of use.
        if (goes.entry != nullptr && unmapped) table.end_removal(goes, true);
    }
    // What is cached may be what is missing.
    if (kForSpeed && result == nullptr && arenas.drop_cached() != 0)
        return resize_removed(arenas, removal, pages, wanted, alignment);
    table.make_known(stays);
    return result;
}

}  // namespace

void* resize_huge(ArenaPool& arenas, std::uintptr_t addr, std::size_t alignment,
                  std::size_t bytes) {
    const Shape& shape = arenas.shape();
    if (bytes <= shape.run_max_bytes() || alignment > shape.huge_alignment) return nullptr;
    const ArenaTable::Removal removal = arenas.table().begin_removal(addr);
    if (removal.bytes == 0) return nullptr;
    return resize_removed(arenas, removal, reinterpret_cast<void*>(addr), huge_bytes_for(bytes),
                          shape.huge_alignment);
}

}  // namespace emma

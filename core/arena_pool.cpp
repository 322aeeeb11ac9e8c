// SPDX-License-Identifier: MIT OR Apache-2.0
// Finding slices: in the arenas there are, oldest first, then by growing one, then in a new one.
#include "core/arena_pool.h"

namespace emma {
namespace {

// Slices of a first arena, the header among them: a program that allocates little takes a quarter
// of a megabyte of address space.
constexpr unsigned kFirstSlices = 4;

}  // namespace

SliceRange ArenaPool::claim(unsigned count, unsigned alignment_slices) {
    Arena* const start = first_with_room_.load(memory_order_acquire);
    if (SliceRange range = claim_from(start, count, alignment_slices); range.ok()) return range;
    // The hint may have passed an arena that has room again.
    Arena* const first = oldest();
    if (start != first)
        if (SliceRange range = claim_from(first, count, alignment_slices); range.ok()) return range;
    const unsigned least = alignment_slices > count ? alignment_slices : count;
    // Another thread may empty the new arena before this one claims; then that thread has advanced.
    while (Arena* const arena = add_arena(least + (least < kSlicesPerArena - 1 ? 1 : 0)))
        if (SliceRange range = claim_from(arena, count, alignment_slices); range.ok()) return range;
    return {};
}

SliceRange ArenaPool::claim_from(Arena* first, unsigned count, unsigned alignment_slices) {
    for (Arena* arena = first; arena; arena = arena->head.next.load(memory_order_acquire)) {
        do {
            const SliceRange range = arena->claim(count, alignment_slices);
            if (range.ok()) return range;
        } while (grow(arena, count));
        skip_full(arena);
    }
    return {};
}

bool ArenaPool::claim_exactly(Arena* arena, unsigned first, unsigned count) {
    while (!arena->claim_exactly(first, count)) {
        const unsigned mapped = arena->head.mapped_slices.load(memory_order_relaxed);
        if (first + count <= mapped || first + count > kSlicesPerArena) return false;
        if (!grow(arena, first + count - mapped)) return false;
    }
    return true;
}

bool ArenaPool::grow(Arena* arena, unsigned count) {
    if (arena->head.mapped_slices.load(memory_order_relaxed) == kSlicesPerArena) return false;
    const std::size_t grown = arena->grow(source(), count);
    count_call();
    count_mapped(grown);
    return grown != 0;
}

// Moves the hint past an arena without a single free slice. A release that comes between the look
// and the move is missed; the full search before a new arena finds it.
void ArenaPool::skip_full(Arena* arena) {
    if (arena->head.free_slices.load(memory_order_relaxed) != 0) return;
    if (arena->head.mapped_slices.load(memory_order_relaxed) != kSlicesPerArena) return;
    Arena* const next = arena->head.next.load(memory_order_acquire);
    Arena* expected = arena;
    if (next != nullptr)
        (void)first_with_room_.compare_exchange(expected, next, memory_order_release,
                                                memory_order_relaxed);
}

void ArenaPool::release(Arena* arena, unsigned first, unsigned count) {
    arena->release(first, count);
    Arena* hint = first_with_room_.load(memory_order_acquire);
    while (arena->head.ordinal < hint->head.ordinal &&
           !first_with_room_.compare_exchange(hint, arena, memory_order_release,
                                              memory_order_acquire)) {
    }
}

Arena* ArenaPool::add_arena(unsigned least_slices) {
    unsigned slices = kSlicesPerArena;
    if (oldest() == nullptr) slices = least_slices > kFirstSlices ? least_slices : kFirstSlices;
    void* pages = map(slices * kSliceBytes, kArenaBytes);
    while (pages == nullptr && slices / 2 >= least_slices) {
        slices /= 2;
        pages = map(slices * kSliceBytes, kArenaBytes);
    }
    if (pages == nullptr) return nullptr;
    Arena* const arena = Arena::make(pages, slices);
    if (!table_.insert(source(), arena->addr(), ArenaTable::kArenaMark)) {
        unmap(pages, slices * kSliceBytes);
        return nullptr;
    }
    append(arena);
    return arena;
}

// Each failed step finds an arena that another thread appended, and goes on from it.
void ArenaPool::append(Arena* arena) {
    Arena* last = nullptr;
    Atomic<Arena*>* link = &oldest_;
    for (;;) {
        arena->head.ordinal = last == nullptr ? 0 : last->head.ordinal + 1;
        Arena* found = nullptr;
        // Release publishes the header to whoever follows the link.
        if (link->compare_exchange(found, arena, memory_order_acq_rel, memory_order_acquire)) break;
        last = found;
        link = &last->head.next;
    }
    Arena* none = nullptr;
    (void)first_with_room_.compare_exchange(none, arena, memory_order_release,
                                            memory_order_relaxed);
}

Arena* ArenaPool::arena_around(std::uintptr_t addr) const {
    const std::uintptr_t base = arena_addr_of(addr);
    return table_.bytes_at(base) == ArenaTable::kArenaMark ? reinterpret_cast<Arena*>(base)
                                                           : nullptr;
}

void ArenaPool::count_mapped(std::size_t bytes) {
    const std::size_t now = mapped_bytes_.fetch_add(bytes, memory_order_relaxed) + bytes;
    std::size_t peak = mapped_peak_bytes_.load(memory_order_relaxed);
    while (now > peak && !mapped_peak_bytes_.compare_exchange(peak, now, memory_order_relaxed,
                                                              memory_order_relaxed)) {
    }
}

std::size_t ArenaPool::mapped_peak_bytes() const {
    return mapped_peak_bytes_.load(memory_order_relaxed) + table_.mapped_bytes();
}

void* ArenaPool::map(std::size_t bytes, std::size_t alignment) {
    void* const pages = source().map(source().context, bytes, alignment);
    count_call();
    if (pages != nullptr) count_mapped(bytes);
    return pages;
}

bool ArenaPool::unmap(void* pages, std::size_t bytes) {
    const bool done = source().unmap(source().context, pages, bytes);
    count_call();
    if (done) count_unmapped(bytes);
    return done;
}

bool ArenaPool::resize_in_place(void* pages, std::size_t old_bytes, std::size_t new_bytes) {
    if (source().resize == nullptr) return false;
    count_call();
    if (!source().resize(source().context, pages, old_bytes, new_bytes)) return false;
    if (new_bytes > old_bytes) count_mapped(new_bytes - old_bytes);
    if (new_bytes < old_bytes) count_unmapped(old_bytes - new_bytes);
    return true;
}

bool ArenaPool::move(void* pages, std::size_t bytes, void* target, std::size_t target_bytes) {
    if (source().move == nullptr) return false;
    count_call();
    if (!source().move(source().context, pages, bytes, target, target_bytes)) return false;
    count_unmapped(bytes);
    return true;
}

}  // namespace emma

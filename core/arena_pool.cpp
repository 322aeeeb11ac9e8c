// SPDX-License-Identifier: MIT OR Apache-2.0
// Finding slices: in the arenas there are, oldest first, then by growing one, then in a new one.
// And giving pages back.
#include "core/arena_pool.h"

namespace emma {
namespace {

// Slices of a first arena, the header among them: a program that allocates little takes a quarter
// of a megabyte of address space.
constexpr unsigned kFirstSlices = 4;

constexpr std::size_t kLookSlices = 64;  // released from one look to the next
constexpr std::size_t kPurgeLimitBytes = std::size_t{1} << 20;  // free and resident, at first
constexpr unsigned kLimitDecayShift = 6;                        // a sixty-fourth less at every look

constexpr std::uint64_t kAllSlices = ~std::uint64_t{0};

}  // namespace

// ---- claiming ----------------------------------------------------------------------------------

SliceRange ArenaPool::claim(unsigned count, unsigned alignment_slices) {
    const ArenaGuard guard(*this);
    const std::uint32_t hint = first_with_room_.load(memory_order_relaxed);
    SliceRange range = claim_from(hint, count, alignment_slices);
    // The hint may have passed an arena that has room again.
    if (!range.ok() && hint != 0) range = claim_from(0, count, alignment_slices);
    const unsigned least = alignment_slices > count ? alignment_slices : count;
    while (!range.ok()) {
        Arena* const arena = add_arena(least + (least < kSlicesPerArena - 1 ? 1 : 0));
        if (arena == nullptr) return {};
        // Another thread may empty the new arena first; then that thread has advanced.
        range = arena->claim(count, alignment_slices);
    }
    note_regret(range);
    return range;
}

SliceRange ArenaPool::claim_from(std::uint32_t place, unsigned count, unsigned alignment_slices) {
    for (; place < list_.end(); ++place) {
        Arena* const arena = list_.at(place);
        if (arena == nullptr) continue;
        do {
            const SliceRange range = arena->claim(count, alignment_slices);
            if (range.ok()) return range;
        } while (grow(arena, count));
        skip_full(place, arena);
    }
    return {};
}

bool ArenaPool::claim_exactly(Arena* arena, unsigned first, unsigned count) {
    while (!arena->claim_exactly(first, count)) {
        const std::uint32_t mapped = arena->head.mark.load(memory_order_relaxed);
        if (first + count <= mapped || first + count > kSlicesPerArena) return false;
        if (!grow(arena, first + count - mapped)) return false;
    }
    return true;
}

bool ArenaPool::grow(Arena* arena, unsigned count) {
    if (!arena->can_grow()) return false;
    const std::size_t grown = arena->grow(source(), count);
    count_call();
    count_mapped(grown);
    return grown != 0;
}

// Moves the hint past an arena without a single free slice. A release that comes between the look
// and the move is missed; the full search before a new arena finds it.
void ArenaPool::skip_full(std::uint32_t place, const Arena* arena) {
    if (arena->head.free_slices.load(memory_order_relaxed) != 0 || arena->can_grow()) return;
    if (place + 1 == list_.end()) return;
    (void)first_with_room_.compare_exchange(place, place + 1, memory_order_relaxed,
                                            memory_order_relaxed);
}

Arena* ArenaPool::add_arena(unsigned least_slices) {
    unsigned slices = kSlicesPerArena;
    if (list_.end() == 0) slices = least_slices > kFirstSlices ? least_slices : kFirstSlices;
    void* pages = map(slices * kSliceBytes, kArenaBytes);
    while (pages == nullptr && slices / 2 >= least_slices) {
        slices /= 2;
        pages = map(slices * kSliceBytes, kArenaBytes);
    }
    if (pages == nullptr) return nullptr;
    Arena* const arena = Arena::make(pages, slices);
    if (table_.insert(source(), arena->addr(), ArenaTable::kArenaMark)) {
        if (list_.add(source(), arena) != ArenaList::kNoPlace) return arena;
        (void)table_.begin_removal(arena->addr());
        table_.end_removal(arena->addr(), true);
    }
    unmap(pages, slices * kSliceBytes);
    return nullptr;
}

Arena* ArenaPool::arena_around(std::uintptr_t addr) const {
    const std::uintptr_t base = arena_addr_of(addr);
    return table_.bytes_at(base) == ArenaTable::kArenaMark ? reinterpret_cast<Arena*>(base)
                                                           : nullptr;
}

// ---- giving back -------------------------------------------------------------------------------

void ArenaPool::release(Arena* arena, unsigned first, unsigned count) {
    const std::uint32_t place = arena->head.place;  // the arena may go with its last slice
    arena->release(first, count);
    std::uint32_t hint = first_with_room_.load(memory_order_relaxed);
    while (place < hint && !first_with_room_.compare_exchange(hint, place, memory_order_relaxed,
                                                              memory_order_relaxed)) {
    }
    const std::size_t before = released_slices_.fetch_add(count, memory_order_relaxed);
    if (before / kLookSlices != (before + count) / kLookSlices) look();
}

// Slices that were purged are wanted again: purging them was a mistake, so allow twice as much.
void ArenaPool::note_regret(const SliceRange& range) {
    if (!range.was_purged) return;
    extra_limit_bytes_.fetch_add(2 * range.count * kSliceBytes, memory_order_relaxed);
}

std::size_t ArenaPool::dirty_bytes() const {
    std::size_t slices = 0;
    for_each([&](const Arena& arena) { slices += count_bits(arena.dirty_slices()); });
    return slices * kSliceBytes;
}

// Several threads may look at once: all they do to an arena is claim what is free.
void ArenaPool::look() {
    const std::size_t extra = extra_limit_bytes_.load(memory_order_relaxed);
    const std::size_t limit = kPurgeLimitBytes + extra;
    std::size_t dirty = 0;
    {
        const ArenaGuard guard(*this);
        dirty = dirty_bytes();
        if (dirty > limit) purge_idle(dirty - limit / 2);
        for_each([](Arena& arena) {
            arena.head.idle_slices.store(arena.dirty_slices(), memory_order_relaxed);
        });
    }
    extra_limit_bytes_.store(extra < kSliceBytes ? 0 : extra - (extra >> kLimitDecayShift),
                             memory_order_relaxed);
    if (extra == 0) (void)unmap_empty(true);
}

// Youngest arenas first, so that old ones stay in use; until `enough_bytes` went back.
std::size_t ArenaPool::purge_idle(std::size_t enough_bytes) {
    std::size_t purged = 0;
    for (std::uint32_t place = list_.end(); place-- > 0 && purged < enough_bytes;) {
        Arena* const arena = list_.at(place);
        if (arena == nullptr) continue;
        const std::size_t bytes =
            arena->purge(source(), arena->head.idle_slices.load(memory_order_relaxed));
        if (bytes != 0) count_call();
        purged += bytes;
    }
    return purged;
}

std::size_t ArenaPool::trim() {
    std::size_t given_back = unmap_empty(false);
    const ArenaGuard guard(*this);
    for_each([&](Arena& arena) {
        const std::size_t bytes = arena.purge(source(), kAllSlices);
        if (bytes != 0) count_call();
        given_back += bytes;
    });
    return given_back;
}

// Closes what is empty, then unmaps that and what waits in limbo.
std::size_t ArenaPool::unmap_empty(bool only_purged) {
    {
        const ArenaGuard guard(*this);
        for_each([&](Arena& arena) {
            if (only_purged && arena.head.purged_slices.load(memory_order_relaxed) !=
                                   arena.head.present_slices.load(memory_order_relaxed))
                return;
            if (!arena.close()) return;
            list_.remove(arena);
            put_in_limbo(&arena);
        });
    }
    std::size_t unmapped = 0;
    Arena* arena = limbo_.exchange(nullptr, memory_order_acquire);
    while (arena != nullptr) {
        Arena* const next = arena->head.next_in_limbo;
        unmapped += unmap_closed(arena);
        arena = next;
    }
    return unmapped;
}

// Release and acquire: the arena belongs to whoever takes it out.
void ArenaPool::put_in_limbo(Arena* arena) {
    arena->head.next_in_limbo = limbo_.load(memory_order_relaxed);
    // A failure means that another thread put one in or took all out.
    while (!limbo_.compare_exchange(arena->head.next_in_limbo, arena, memory_order_release,
                                    memory_order_relaxed)) {
    }
}

// The arena is out of the list, and now leaves the table. If then no guard is held nobody can be
// looking at it: a guard taken later finds it in neither (both were written before the count was
// read, sequentially consistent on all three), and one that was dropped has released its look.
std::size_t ArenaPool::unmap_closed(Arena* arena) {
    const std::uintptr_t addr = arena->addr();
    std::size_t unmapped = 0;
    (void)table_.begin_removal(addr);
    if (!no_guard_held()) {
        table_.cancel_removal(addr, ArenaTable::kArenaMark);
        put_in_limbo(arena);
        return 0;
    }
    const bool gone = arena->unmap(source(), unmapped);
    count_call();
    count_unmapped(unmapped);
    if (gone) {
        table_.end_removal(addr, true);
        return unmapped;
    }
    // What could not be unmapped serves on.
    table_.cancel_removal(addr, ArenaTable::kArenaMark);
    arena->reopen();
    if (list_.add(source(), arena) == ArenaList::kNoPlace) {
        (void)arena->close();
        put_in_limbo(arena);
    }
    return unmapped;
}

// ---- the account -------------------------------------------------------------------------------

std::size_t ArenaPool::mapped_bytes() const {
    std::size_t bytes = mapped_bytes_.load(memory_order_relaxed) + table_.mapped_bytes();
    list_.for_each_mapping([&](void*, std::size_t chunk_bytes) { bytes += chunk_bytes; });
    return bytes;
}

std::size_t ArenaPool::mapped_peak_bytes() const {
    const std::size_t peak = mapped_peak_bytes_.load(memory_order_relaxed);
    return peak + mapped_bytes() - mapped_bytes_.load(memory_order_relaxed);
}

void ArenaPool::count_mapped(std::size_t bytes) {
    const std::size_t now = mapped_bytes_.fetch_add(bytes, memory_order_relaxed) + bytes;
    std::size_t peak = mapped_peak_bytes_.load(memory_order_relaxed);
    while (now > peak && !mapped_peak_bytes_.compare_exchange(peak, now, memory_order_relaxed,
                                                              memory_order_relaxed)) {
    }
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

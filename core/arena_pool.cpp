// SPDX-License-Identifier: MIT OR Apache-2.0
// Finding slices: in some of the arenas there are, which grow if they can, then in a new one.
// And giving pages back.
#include "core/arena_pool.h"

#include "core/config.h"

namespace emma {
namespace {

// Released from one look to the next: so many, and the slices in use so many times.
constexpr std::size_t kLeastSlices = 64;
constexpr std::size_t kTurnovers = 8;
// What a peak has left needs no turnover: more than so much, and than half of what one is due
// after. The next look comes soon then: up to 4 MiB of the peak may wait in an inbox.
constexpr std::size_t kPeakSlices = 512;
constexpr std::size_t kSlicesAfterPeak = 16;
constexpr std::size_t kPurgeLimit = 64;  // slices free and resident, at first
constexpr std::size_t kMostExtra = 192;

}  // namespace

// ---- claiming ----------------------------------------------------------------------------------

// While the source gives arenas, a claim costs the same with any number of them; with up to kTried
// arenas it passes over no room. It tries
//   1. kTried arenas from the oldest with a free slice on,
//   2. the arena of the last release or the last new one: a program at its limit needs no more,
//   3. kTried arenas in turn, and as many as the claims before it were allowed and did not need. So
//      every arena is tried in time, and about 1 in kTried has room that is not used, whatever the
//      order of releases. (Without what others left: 1 in 5 after a million replacements.)
//   4. a new arena,
//   5. if there is none, all arenas, so that none has room that is not found.
// A tree of the longest runs would find the oldest arena with room, but takes 500 bytes of code.
SliceRange ArenaPool::claim(unsigned count, unsigned alignment_slices) {
    Search search(count, alignment_slices);
    if (!find(search, first_with_room_.load(memory_order_relaxed), kTried) &&
        !find(search, last_with_room_.load(memory_order_relaxed), 1)) {
        const Turn turn = turn_.load(memory_order_relaxed);
        if (!find(search, turn.place, turn.left + kTried))
            search.range = claim_new(count, alignment_slices);
        if (!search.range.ok()) (void)find(search, search.turn.place, kAll);
        if (search.turn.left > kMostLeft) search.turn.left = kMostLeft;
        turn_.store(search.turn, memory_order_relaxed);
    }
    note_claim(search.range);
    return search.range;
}

// Tries `left` arenas from the place on, in a circle, but none twice; `search.turn` is where it
// ended. An arena that is added meanwhile may be missed.
bool ArenaPool::find(Search& search, std::uint32_t place, std::uint32_t left) {
    const std::uint32_t end = list_.end();
    if (left > end) left = end;
    for (; left != 0; ++place, --left) {
        if (place >= end) place = 0;
        Arena* const arena = list_.pin(place);
        if (arena == nullptr) continue;
        do search.range = arena->claim(search.count, search.alignment_slices);
        while (!search.range.ok() && arena->grow(pages_, search.count) != 0);
        if (!search.range.ok()) skip_full(place, arena);
        list_.unpin(place);
        if (search.range.ok()) break;
    }
    search.turn = {place, left};
    return left != 0;
}

bool ArenaPool::claim_exactly(Arena* arena, unsigned first, unsigned count) {
    while (!arena->claim_exactly(first, count)) {
        const std::uint32_t mapped = arena->head.mark.load(memory_order_relaxed);
        if (first + count <= mapped || first + count > kSlicesPerArena) return false;
        if (arena->grow(pages_, first + count - mapped) == 0) return false;
    }
    claimed_slices_.fetch_add(count, memory_order_relaxed);
    return true;
}

// Moves the hint past an arena without a single free slice. A release that comes between the look
// and the move is missed, and an update may be lost to another thread's: the search in turn finds
// what the hint has passed.
void ArenaPool::skip_full(std::uint32_t place, const Arena* arena) {
    if (arena->head.free_slices.load(memory_order_relaxed) != 0 || arena->can_grow()) return;
    if (place + 1 != list_.end() && place == first_with_room_.load(memory_order_relaxed))
        first_with_room_.store(place + 1, memory_order_relaxed);
}

// From a new arena, before others can find it: neither claims nor a trim() get there first, so this
// needs no second attempt.
SliceRange ArenaPool::claim_new(unsigned count, unsigned alignment_slices) {
    const PageSource& source = pages_.source();
    const Shape& shape = *source.shape;
    const unsigned header = shape.header_slices;
    // Up to the first multiple behind the header, and from there.
    const unsigned least = (alignment_slices > header ? alignment_slices : header) + count;
    unsigned slices = list_.end() == 0 ? shape.first_slices : kSlicesPerArena;
    if (slices < least && least <= kSlicesPerArena) slices = least;
    // If a whole window is refused, what is needed; it grows in place.
    void* fresh = nullptr;
    // Bare programs mostly have no memory behind it, and get half of the window, a quarter ...
    for (;; slices = kBare && slices / 2 > least ? slices / 2 : slices != least ? least : 0) {
        if (slices < least) return {};
        fresh = map(slices * shape.slice_bytes(), shape.arena_bytes(), source.origin);
        if (fresh != nullptr) break;
    }
    Arena* const arena = Arena::make(fresh, slices, shape);
    const SliceRange range = arena->claim(count, alignment_slices);
    if (add_arena(arena)) {
        last_with_room_.store(arena->head.place, memory_order_relaxed);
        return range;
    }
    (void)pages_.unmap_or_keep(fresh, slices * shape.slice_bytes());
    return {};
}

bool ArenaPool::add_arena(Arena* arena) {
    const std::uintptr_t key = arena->addr() | ArenaTable::kArena;
    if (!table_.insert(pages_, key, ArenaTable::kArenaMark)) return false;
    if (list_.add(pages_, arena) != ArenaList::kNoPlace) return true;
    table_.end_removal(table_.begin_removal(key), true);
    return false;
}

Arena* ArenaPool::arena_around(std::uintptr_t addr) const {
    const PageSource& source = pages_.source();
    const std::size_t offset = (addr - source.origin) & (source.shape->arena_bytes() - 1);
    const std::uintptr_t base = addr - offset;
    const std::uint64_t proof = proof_of(base);
    Atomic<std::uint64_t>& last = last_proof(base);
    if (last.load(memory_order_relaxed) != proof) {
        if (!table_.is_arena(base)) return nullptr;
        last.store(proof, memory_order_relaxed);
    }
    return reinterpret_cast<Arena*>(base);
}

// ---- giving back -------------------------------------------------------------------------------

void ArenaPool::release(Arena* arena, unsigned first, unsigned count) {
    const std::uint32_t place = arena->head.place;  // the arena may go with its last slice
    arena->release(first, count);
    if (place < first_with_room_.load(memory_order_relaxed))
        first_with_room_.store(place, memory_order_relaxed);
    last_with_room_.store(place, memory_order_relaxed);
    const std::size_t released = released_slices_.fetch_add(count, memory_order_relaxed);
    const std::size_t since = released - last_look_.load(memory_order_relaxed);
    const std::size_t used = claimed_slices_.load(memory_order_relaxed) - released;
    const std::size_t turned = kTurnovers * used;
    std::size_t due = kLeastSlices + turned;
    if (dirty_slices_.load(memory_order_relaxed) > kPeakSlices + turned / 2) due = kSlicesAfterPeak;
    if (since >= due + list_.end() / 16) look(released, used);
}

// Where slices that were purged are wanted again, purging them was a mistake: allow twice as much.
void ArenaPool::note_claim(const SliceRange& range) {
    claimed_slices_.fetch_add(range.count, memory_order_relaxed);
    if (!range.was_purged) return;
    extra_limit_.fetch_add(std::size_t{2} * range.count, memory_order_relaxed);
}

// Several threads may look at once: all they do to an arena is claim what is free. Youngest arenas
// first, so that old ones stay in use. What was dirty at the last look decides, so that one walk
// does.
void ArenaPool::look(std::size_t released, std::size_t used) {
    last_look_.store(released, memory_order_relaxed);
    const std::size_t extra = extra_limit_.load(memory_order_relaxed);
    const std::size_t most = kMostExtra + 2 * used;
    const std::size_t limit = kPurgeLimit + (extra < most ? extra : most);
    const std::size_t dirty_before = dirty_slices_.load(memory_order_relaxed);
    std::size_t to_purge = dirty_before > limit ? dirty_before - limit / 2 : 0;
    std::size_t dirty = 0;
    for (std::uint32_t place = list_.end(); place-- > 0;) {
        Arena* const arena = list_.pin(place);
        if (arena == nullptr) continue;
        if (to_purge != 0) {
            const std::size_t purged =
                arena->purge(pages_, arena->head.idle_slices.load(memory_order_relaxed));
            to_purge -= purged < to_purge ? purged : to_purge;
        }
        const std::uint64_t dirty_slices = arena->dirty_slices();
        arena->head.idle_slices.store(dirty_slices, memory_order_relaxed);
        dirty += count_few_bits(dirty_slices);
        list_.unpin(place);
    }
    dirty_slices_.store(dirty, memory_order_relaxed);
}

}  // namespace emma

// SPDX-License-Identifier: MIT OR Apache-2.0
// From an address to the object that starts there: arena table, descriptor, slot arithmetic,
// bitmaps.
#include "core/proof.h"

namespace emma {
namespace {

Place locate_huge(const ArenaPool& arenas, std::uintptr_t addr) {
    Place place;
    if ((addr & kSliceMask) != 0) return place;
    place.bytes = arenas.table().bytes_at(addr);
    if (place.bytes == ArenaTable::kArenaMark) return {};
    place.live = place.bytes != 0;
    if (place.live || arenas.table().was_removed(addr)) place.kind = Place::kHuge;
    return place;
}

bool is_free(Slab* slab, SlotIndex slot) {
    const std::uint64_t bit = bit_of(slot);
    const unsigned word = word_index_of(slot);
    // Relaxed: whoever handed the object to the caller made these bits' last change visible to it.
    return (slab->free_words[word].load(memory_order_relaxed) & bit) != 0 ||
           (remote_of(slab).freed[word].load(memory_order_relaxed) & bit) != 0;
}

Place locate_slot(Slab* slab, std::size_t offset, bool retired) {
    const SlotIndex slot = slot_starting_at(*slab, offset);
    if (slot == no_slot()) return {};
    return {.kind = Place::kSlot,
            .live = !retired && !is_free(slab, slot),
            .slot = slot,
            .slab = slab,
            .bytes = slab->slot_bytes()};
}

// The descriptor that speaks for a slice: its own, or its head's. Null where a continuation is what
// a slab has left behind that is gone.
Slab* head_of(Slab* line) {
    if (line->use.load(memory_order_acquire) != SliceUse::kContinuation) return line;
    const unsigned distance = line->slice_count;
    Slab* const head = line - distance;
    return head->slice_count > distance ? head : nullptr;
}

}  // namespace

Place locate(const ArenaPool& arenas, std::uintptr_t addr) {
    Arena* const arena = arenas.arena_around(addr);
    if (arena == nullptr) return locate_huge(arenas, addr);
    const unsigned slice = raw(slice_index_of(addr));
    if (slice == 0) return {};
    Slab* const head = head_of(&arena->slab(slice));
    if (head == nullptr) return {};
    const std::size_t offset = addr - start_of(head);
    // Acquire pairs with the release that announced the slab or run.
    switch (head->use.load(memory_order_acquire)) {
        case SliceUse::kSlab:
            return locate_slot(head, offset, false);
        case SliceUse::kRetiredSlab:
            return locate_slot(head, offset, true);
        case SliceUse::kRun:
        case SliceUse::kReleasedRun:
            if (offset != 0) return {};
            return {.kind = Place::kRun,
                    .live = head->use.load(memory_order_relaxed) == SliceUse::kRun,
                    .slot = {},
                    .slab = head,
                    .bytes = head->slice_count * kSliceBytes};
        // An arena that stayed short may have a huge object behind it in its window.
        case SliceUse::kNone:
            return locate_huge(arenas, addr);
        case SliceUse::kContinuation:
            return {};
    }
    return {};
}

Place prove(const ArenaPool& arenas, const void* pointer) {
    const auto addr = reinterpret_cast<std::uintptr_t>(pointer);
    const Place place = kChecks ? locate_guarded(arenas, addr) : locate(arenas, addr);
    if (!place.live) panic(place.misuse(), pointer, place.bytes);
    return place;
}

}  // namespace emma

// SPDX-License-Identifier: MIT OR Apache-2.0
// From an address to the object that starts there: arena table, descriptor, slot arithmetic,
// bitmaps.
#include "core/proof.h"

namespace emma {
namespace {

// What is found is noted in a `place` that names nothing so far.

[[gnu::noinline]] void find_huge(const ArenaPool& arenas, std::uintptr_t addr, Place& place) {
    if ((addr & (kPageBytes - 1)) != 0) return;
    const std::size_t bytes = arenas.table().bytes_at(addr);
    if (bytes == 0 && !arenas.table().was_removed(addr)) return;
    place.kind = Place::kHuge;
    place.live = bytes != 0;
    place.bytes = bytes;
}

bool is_free(Slab* slab, SlotIndex slot) {
    const std::uint64_t bit = bit_of(slot);
    const unsigned word = word_index_of(slot);
    // Relaxed: whoever handed the object to the caller made these bits' last change visible to it.
    return ((slab->free_words[word].load(memory_order_relaxed) |
             freed_words_of(slab)[word].load(memory_order_relaxed)) &
            bit) != 0;
}

void find_slot(Slab* slab, std::size_t offset, bool is_there, Place& place) {
    SlotIndex slot;
    if (!find_slot_at(*slab, offset, slot)) return;
    place.kind = Place::kSlot;
    place.live = is_there;
    if (is_free(slab, slot)) place.live = false;
    place.slot = slot;
    place.slab = slab;
    place.bytes = slab->slot_bytes();
}

void find_run(Slab* run, std::size_t offset, bool is_live, Place& place) {
    if (offset != 0) return;
    place.kind = Place::kRun;
    place.live = is_live;
    place.slab = run;
    place.bytes = slab_or_run_bytes(run);
}

// The descriptor that speaks for a slice: its own, or its head's. Null where a continuation is what
// a slab has left behind that is gone.
Slab* head_of(Slab* line) {
    if (line->use.load(memory_order_acquire) != SliceUse::kContinuation) return line;
    const unsigned distance = line->slice_count;
    Slab* const head = line - distance;
    return head->slice_count > distance ? head : nullptr;
}

void find_in_arena(const ArenaPool& arenas, Arena* arena, std::uintptr_t addr, Place& place) {
    const unsigned slice = arena->slice_at(addr);
    if (slice < arena->first_slice()) return;
    Slab* const head = head_of(&arena->slab(slice));
    if (head == nullptr) return;
    // Acquire pairs with the release that announced the slab or run.
    const SliceUse use = head->use.load(memory_order_acquire);
    // An arena that stayed short may have a huge object behind it in its window.
    if (use == SliceUse::kNone) return find_huge(arenas, addr, place);
    const std::size_t offset = addr - start_of(head);
    const bool is_there = !is_gone(use);
    if (kind_of(use) == SliceUse::kSlab) find_slot(head, offset, is_there, place);
    if (kind_of(use) == SliceUse::kRun) find_run(head, offset, is_there, place);
}

}  // namespace

Place locate(const ArenaPool& arenas, std::uintptr_t addr) {
    Place place;
    if (Arena* const arena = arenas.arena_around(addr)) {
        find_in_arena(arenas, arena, addr, place);
    } else {
        find_huge(arenas, addr, place);
    }
    return place;
}

constinit Atomic<Misuse (*)(std::uintptr_t addr)> g_ask_other_heaps{nullptr};

// A slot is known to have never been handed out, since its slab was made, behind the words in use,
// and in a medium slab where its pages are as the system gave them.
Misuse Place::misuse(Misuse if_free) const {
    if (kind == kNothing) return Misuse::kInvalidPointer;
    if (kind != kSlot) return if_free;
    const bool is_untouched =
        slab->is_small_class() ? word_index_of(slot) >= slab->used_words
                               : (slab->untouched().load(memory_order_relaxed) & bit_of(slot)) != 0;
    return is_untouched ? Misuse::kInvalidPointer : if_free;
}

namespace {

[[noreturn, gnu::cold, gnu::noinline]] void panic_not_live(const Place& place, const void* pointer,
                                                           Misuse if_free) {
    Misuse misuse = place.misuse(if_free);
    const auto ask = g_ask_other_heaps.load(memory_order_relaxed);
    if (misuse == Misuse::kInvalidPointer && ask != nullptr)
        misuse = ask(reinterpret_cast<std::uintptr_t>(pointer));
    panic(misuse, pointer, place.bytes);
}

}  // namespace

Place prove(const ArenaPool& arenas, const void* pointer, Misuse if_free) {
    const auto addr = reinterpret_cast<std::uintptr_t>(pointer);
    const Place place = kChecks ? locate_guarded(arenas, addr) : locate(arenas, addr);
    if (!place.live) panic_not_live(place, pointer, if_free);
    return place;
}

}  // namespace emma

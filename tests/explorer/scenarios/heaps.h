// SPDX-License-Identifier: MIT OR Apache-2.0
// What scenarios about heaps share: a heap over its own arenas, objects of the two classes with few
// slots, and the equations of slab.h as checks.
#pragma once

#include "core/heap.h"
#include "tests/explorer/explorer.h"
#include "tests/explorer/scenarios/names.h"

namespace emma::explore {

// Two slots a slab: it is full, half empty and retired within two operations.
inline constexpr std::size_t kTwoSlots = 32 * 1024;

inline Slab* slab_around(const void* object) {
    Slab* line = slab_line_of(reinterpret_cast<std::uintptr_t>(object));
    if (line->use.load(memory_order_relaxed) == SliceUse::kContinuation) line -= line->slice_count;
    return line;
}
inline SlotIndex slot_at(const void* object) {
    Slab* const slab = slab_around(object);
    return slot_starting_at(*slab, reinterpret_cast<std::uintptr_t>(object) - start_of(slab));
}

// What users do with an object: plain stores and loads, so that the explorer sees two users of one
// slot, and memory that is handed out before its last user is done.
inline void use_object(void* object, std::uint64_t mark) {
    auto* const word = static_cast<std::uint64_t*>(object);
    *word = mark;
    expect(*word == mark, "an object changed under its user's hands");
}

struct OwnHeap {
    ArenaPool arenas{kSystemPages};
    ThreadHeap heap{};

    OwnHeap() {
        heap.arenas = &arenas;
        name_pool(arenas, "arenas");
        name_heap(heap, "heap");
    }
    void* allocate(std::size_t bytes) {
        void* const object = heap.allocate(size_class_for(bytes), nullptr);
        expect(object != nullptr, "no memory");
        return object;
    }
    void free(void* object) { heap.put(slab_around(object), slot_at(object)); }
    void free_remote(void* object) { heap.put_remote(slab_around(object), slot_at(object)); }

    // Every slab's account; for after the threads.
    void check_slabs() {
        arenas.for_each([](Arena& arena) {
            for (unsigned slice = 1; slice < kSlicesPerArena; ++slice) {
                Slab& slab = arena.slab(slice);
                if (slab.use.load(memory_order_relaxed) == SliceUse::kSlab) check_slab(slab);
            }
        });
    }
    static void check_slab(Slab& slab) {
        const unsigned free = count_free(slab.free_words, slab.slot_count);
        if (slab.state == SlabState::kCurrent) return;
        const unsigned due = slab.countdown + slab.held_back;
        expect(due == slab.slot_count - free + slab.uncounted, "due != live + uncounted");
        expect(due != 0, "an empty slab was not retired");
    }
    // After the last object was freed: nothing is left but the arena.
    void check_all_came_home() {
        heap.drain_inbox();
        check_slabs();
        heap.trim();
        arenas.for_each([](Arena& arena) {
            expect(arena.head.free_slices.load(memory_order_relaxed) ==
                       arena.head.present_slices.load(memory_order_relaxed),
                   "a slice did not come home");
        });
        arenas.trim();
        expect(arenas.pages().mapped_bytes() == 0, "an arena cannot be unmapped");
    }
};

}  // namespace emma::explore

// SPDX-License-Identifier: MIT OR Apache-2.0
// Looking at an instance as a whole: every live object, and every invariant. Changes nothing, maps
// nothing; callable while other threads run, from a debugger and from a signal handler.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/instance.h"
#include "core/line.h"

namespace emma {

// Calls visit(object, bytes) for every object that is live when its turn comes, until it returns
// false; true: it never did. An object that comes or goes meanwhile may be reported or not.
template <typename Visitor>
bool for_each_live(Instance& instance, Visitor visit);

// Proves every invariant that can be proved while others run, a line to `report` (whose `write` may
// be null) for each that does not hold: those of arenas and of the table, and
// for each heap that can be entered, borrowed or visited those of its bins, lists and slabs.
// Returns how many do not hold.
unsigned audit(Instance& instance, const Report& report);

// ------------------------------------------------------------------------------------------------

// One word of a slab's live slots; 0 where the slab went or changed while it was looked at.
inline std::uint64_t live_word(Slab& slab, unsigned word, unsigned slot_count) {
    const unsigned left = slot_count - word * 64;
    const std::uint64_t taken = ~(slab.free_words[word].load(memory_order_relaxed) |
                                  freed_words_of(&slab)[word].load(memory_order_relaxed)) &
                                low_bits(left < 64 ? left : 64);
    // Acquire: the words above are read before the slab is found to be still the same.
    std::atomic_thread_fence(memory_order_acquire);
    const bool same =
        slab.use.load(memory_order_relaxed) == SliceUse::kSlab && slab.slot_count == slot_count;
    return same ? taken : 0;
}

template <typename Visitor>
bool for_each_live_in_slab(Slab& slab, Visitor visit) {
    const unsigned slot_count = slab.slot_count;
    const std::size_t slot_bytes = slab.slot_bytes();
    for (unsigned word = 0; word < word_count_for(slot_count); ++word)
        for (std::uint64_t live = live_word(slab, word, slot_count); live != 0; live &= live - 1) {
            const std::size_t slot = std::size_t{word} * 64 + lowest_bit(live);
            if (!visit(reinterpret_cast<void*>(start_of(&slab) + slot * slot_bytes), slot_bytes))
                return false;
        }
    return true;
}

template <typename Visitor>
bool for_each_live(Instance& instance, Visitor visit) {
    bool going = true;
    instance.arenas.for_each([&](Arena& arena) {
        for (unsigned slice = arena.first_slice(); slice < kSlicesPerArena && going; ++slice) {
            Slab& slab = arena.slab(slice);
            const SliceUse use = slab.use.load(memory_order_acquire);
            if (use == SliceUse::kSlab) going = for_each_live_in_slab(slab, visit);
            if (use == SliceUse::kRun)
                going = visit(reinterpret_cast<void*>(arena.slice_addr(slice)),
                              slab_or_run_bytes(&slab));
        }
    });
    instance.arenas.table().for_each([&](std::uintptr_t addr, std::size_t bytes) {
        if (going && bytes != ArenaTable::kArenaMark)
            going = visit(reinterpret_cast<void*>(addr), bytes);
    });
    return going;
}

}  // namespace emma

// SPDX-License-Identifier: MIT OR Apache-2.0
// The short way to the size of an object: a small slot of the calling thread's own heap is proved
// by its slab alone, as in free, without the table of arenas. And moving and clearing such objects.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/config.h"
#include "core/instance.h"
#include "core/slab.h"

namespace emma {

// The bytes of the slot, or 0 where the pointer is anything else or no live object. The heap need
// not be entered: what is read is constant while the object lives, but for the word of its own bit.
inline std::size_t own_small_bytes(const void* pointer) {
    // The start of a window: null or a huge object. For any other pointer that is Emma's the arena
    // header can be read.
    const auto addr = reinterpret_cast<std::uintptr_t>(pointer);
    if (kChecks || (addr & kArenaMask) == 0 || !may_have_header(addr)) return 0;
    const Slab* const slab = slab_line_of(addr);
    if (!slab->owner.is_fast_for(current_heap())) return 0;
    SlotIndex slot;
    if (!find_small_slot(*slab, addr, slot)) return 0;
    const BitmapWord& word = slab->free_words[word_index_of(slot)];
    return (word.load(memory_order_relaxed) & bit_of(slot)) != 0 ? 0 : slab->slot_bytes();
}

// Slots are multiples of 16 bytes at multiples of 16: up to a KiB a loop over such units beats the
// start-up time of the string instructions.
using SlotUnit = std::uint64_t __attribute__((vector_size(16), may_alias));

inline void zero_units(void* to, std::size_t bytes) {
    auto* const units = static_cast<SlotUnit*>(to);
    for (std::size_t i = 0; i < (bytes + 15) / 16; ++i) units[i] = SlotUnit{};
}

inline void copy_units(void* to, const void* from, std::size_t bytes) {
    auto* const targets = static_cast<SlotUnit*>(to);
    const auto* const sources = static_cast<const SlotUnit*>(from);
    for (std::size_t i = 0; i < (bytes + 15) / 16; ++i) targets[i] = sources[i];
}

}  // namespace emma

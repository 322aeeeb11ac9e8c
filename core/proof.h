// SPDX-License-Identifier: MIT OR Apache-2.0
// The one function that proves a pointer: what, if anything, of an instance starts at an address.
// It reads nothing at the address itself, so any value may be asked about. Any thread may call it;
// for an object that the caller holds the answer is exact, for others it is a snapshot.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/arena_pool.h"
#include "core/check.h"

namespace emma {

struct Place {
    enum Kind : std::uint8_t { kNothing, kSlot, kRun, kHuge };
    Kind kind;
    bool live;          // false with a kind: the start of an object that is free
    SlotIndex slot;     // kSlot
    std::size_t bytes;  // of the whole slot, run or mapping; 0 where that is not known any more
    Slab* slab;         // kSlot: the slab; kRun: the first descriptor of the run

    // Names nothing. Field by field: compilers clear a whole one by a slow string instruction.
    Place() : kind(kNothing), live(false), bytes(0) {}
    // Of what is not live; `if_free` is what a use of a freed object is called.
    Misuse misuse(Misuse if_free) const;
};

// For a pointer to a live object, or inside an ArenaGuard: the arena around any other may be
// unmapped at any time.
Place locate(const ArenaPool& arenas, std::uintptr_t addr);
// For any pointer whatever.
inline Place locate_guarded(const ArenaPool& arenas, std::uintptr_t addr) {
    const ArenaGuard guard(arenas);
    return locate(arenas, addr);
}

// For a pointer that must be a live object: panics where it is none. Guarded in CHECKS builds; in
// others a misuse may run into the fault that it is.
Place prove(const ArenaPool& arenas, const void* pointer, Misuse if_free);

// Set once the program makes heaps of its own: what a pointer is that one heap does not know,
// kOtherHeap or kInvalidPointer. Any thread; relaxed: it is code, and needs nothing that was
// published with it.
extern constinit Atomic<Misuse (*)(std::uintptr_t addr)> g_ask_other_heaps;

}  // namespace emma

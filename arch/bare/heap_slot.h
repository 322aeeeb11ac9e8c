// SPDX-License-Identifier: MIT OR Apache-2.0
// The program's own place for the current heap, by either of the two ways to name it (build option
// HEAP_SLOT): a word behind %gs, or wherever the program's function says. For core/ alone. Changed
// by whoever runs on the slot's processor and by interrupts there, so that no lock is needed.
#pragma once

#include "arch/arch.h"

// The program's; declared for programs in emma_bare.h.
extern "C" void** emma_bare_heap_slot(void) noexcept;

namespace emma::arch {

// The word at %gs:kOffset.
template <unsigned kOffset>
struct GsSlot {
    static void* load() { return load_gs(kOffset); }
    static void store(void* heap) { store_gs(kOffset, heap); }
    static bool replace(void*& expected, void* heap) {
        return compare_exchange_gs(kOffset, expected, heap);
    }
};

// The word that emma_bare_heap_slot() points at.
struct FunctionSlot {
    static void* load() { return __atomic_load_n(emma_bare_heap_slot(), __ATOMIC_RELAXED); }
    static void store(void* heap) {
        __atomic_store_n(emma_bare_heap_slot(), heap, __ATOMIC_RELAXED);
    }
    static bool replace(void*& expected, void* heap) {
        return __atomic_compare_exchange_n(emma_bare_heap_slot(), &expected, heap, false,
                                           __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    }
};

}  // namespace emma::arch

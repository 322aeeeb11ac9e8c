// SPDX-License-Identifier: MIT OR Apache-2.0
// Where the calling thread's heap is noted, as one object with the operations of
// Atomic<ThreadHeap*>: a thread-local variable, the program's own slot (PORT=bare), or nowhere.
// What has no heap is noted as g_no_heap. Changed by its own thread and by what interrupts that.
#pragma once

#include <type_traits>

#include "arch/bare/heap_slot.h"
#include "core/config.h"
#include "core/heap.h"

namespace emma {

// What a thread without a heap points at: no free slots, for ever occupied.
extern constinit ThreadHeap g_no_heap;

// Every thread is without a heap of its own.
struct NoHeapSlot {
    static ThreadHeap* load(std::memory_order) { return &g_no_heap; }
    static void store(ThreadHeap*, std::memory_order) {}
    static bool compare_exchange(ThreadHeap*&, ThreadHeap*, std::memory_order, std::memory_order) {
        return false;
    }
};

// The program's slot says null where it has no heap, so that a zeroed one is valid.
template <typename Slot>
struct ProgramHeapSlot {
    static ThreadHeap* load(std::memory_order) { return from_slot(Slot::load()); }
    static void store(ThreadHeap* heap, std::memory_order) { Slot::store(to_slot(heap)); }
    static bool compare_exchange(ThreadHeap*& expected, ThreadHeap* heap, std::memory_order,
                                 std::memory_order) {
        void* found = to_slot(expected);
        const bool done = Slot::replace(found, to_slot(heap));
        expected = from_slot(found);
        return done;
    }

  private:
    static ThreadHeap* from_slot(void* word) {
        return word != nullptr ? static_cast<ThreadHeap*>(word) : &g_no_heap;
    }
    static void* to_slot(ThreadHeap* heap) { return heap != &g_no_heap ? heap : nullptr; }
};

#if EMMA_TLS == 1
extern constinit thread_local Atomic<ThreadHeap*> t_heap __attribute__((visibility("hidden")));
#else
using HeapSlot = std::conditional_t<
    kHeapSlot == HeapSlotKind::kNone, NoHeapSlot,
    std::conditional_t<kHeapSlot == HeapSlotKind::kFunction, ProgramHeapSlot<arch::FunctionSlot>,
                       ProgramHeapSlot<arch::GsSlot<kHeapSlotOffset>>>>;
// NOLINTNEXTLINE(readability-identifier-naming): the name of the variable above
inline constexpr HeapSlot t_heap{};
#endif

inline ThreadHeap* current_heap() { return t_heap.load(memory_order_relaxed); }

}  // namespace emma

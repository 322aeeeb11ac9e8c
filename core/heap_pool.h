// SPDX-License-Identifier: MIT OR Apache-2.0
// All heaps of an instance. A heap outlives whoever held it, with its slabs and the objects in
// them, and is adopted whole by the next thread that needs one. Heaps are added, never removed, so
// a pointer to one is good for ever. Any thread may call anything here.
#pragma once

#include "core/arena_pool.h"
#include "core/atomic.h"
#include "core/heap.h"

namespace emma {

class HeapPool {
  public:
    // A heap nobody held, now held by the caller and unoccupied; null: no memory for a new one.
    Heap* acquire(ArenaPool& arenas);
    // This very heap, if nobody holds it.
    static bool try_acquire(Heap* heap);
    static void release(Heap* heap);

    // Calls visit(heap) for every heap.
    template <typename Visitor>
    void for_each(Visitor visit) {
        for (Heap* heap = newest_.load(memory_order_acquire); heap; heap = heap->older) visit(heap);
        visit(&first_);
    }

  private:
    Heap* take_idle(ArenaPool& arenas);
    Heap* add(ArenaPool& arenas);

    Atomic<Heap*> newest_;              // any thread; the list ends before first_
    Atomic<std::uintptr_t> next_addr_;  // any thread; place of the next new heap in its mapping
    Heap first_{};                      // a program with one thread needs no other
};

}  // namespace emma

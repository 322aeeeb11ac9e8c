// SPDX-License-Identifier: MIT OR Apache-2.0
// What scenarios about whole instances share: the checks after them, and the default instance with
// its threads' heaps.
#pragma once

#include "core/audit.h"
#include "core/include/emma.h"
#include "core/instance.h"
#include "tests/explorer/scenarios/heaps.h"

namespace emma::explore {

// After the threads: every invariant of core/audit.h, and nothing live.
inline void check_instance(Instance& instance) {
    expect(audit(instance, {}) == 0, "the audit finds a broken invariant");
    for_each_live(instance, [](void*, std::size_t) -> bool { fail("an object is live"); });
    instance.heaps.for_each([](ThreadHeap* heap) {
        expect(heap->busy.is_unoccupied() && !heap->visited.is_set(), "a heap is left occupied");
    });
}
inline void check_instance_goes(Instance& instance) {
    check_instance(instance);
    instance.trim();
    expect(audit(instance, {}) == 0, "the audit finds a broken invariant after trimming");
    instance.arenas.for_each([](Arena&) { fail("an empty arena stays mapped"); });
}

inline void name_instance(Instance& instance) {
    name_field(instance, "instance");
    name_pool(instance.arenas, "instance.arenas");
    leave_out(&instance.borrows, sizeof instance.borrows);
    leave_out(&instance.adoptions, sizeof instance.adoptions);
    include_global(&g_no_heap, sizeof g_no_heap);
    leave_out(&g_no_heap.pushes, sizeof g_no_heap.pushes);
}

// Why a scenario about threads' own heaps is left out with TLS=0.
inline constexpr const char* kWithoutOwnHeaps =
    kOwnHeaps ? nullptr : "threads have no heaps of their own";

class Default : public Scenario {
  protected:
    void* object_[2] = {};

    void set_up() override {
        include_global(&g_instance, sizeof g_instance);
        if (kOwnHeaps) make_private(const_cast<void*>(static_cast<const void*>(&t_heap)));
        t_heap.store(&g_no_heap, memory_order_relaxed);
        name_instance(g_instance);
        name_field(g_no_heap, "g_no_heap");
    }
    // The first thread's heap, with an object.
    void make_first_heap() {
        for (void*& object : object_) use_object(object = emma_malloc(kObjectBytes), 1);
        g_instance.arenas.for_each([](Arena& arena) { name_arena(arena); });
        g_instance.heaps.for_each([](ThreadHeap* heap) { name_heap(*heap, "heap"); });
    }
    void be_new_thread() { t_heap.store(&g_no_heap, memory_order_relaxed); }
    static constexpr std::size_t kObjectBytes = 1000;
    static void allocate_and_free(std::uint64_t mark) {
        void* const object = emma_malloc(kObjectBytes);
        expect(object != nullptr, "no memory");
        use_object(object, mark);
        emma_free(object);
    }
    void check() override {
        t_heap.store(&g_no_heap, memory_order_relaxed);
        check_instance(g_instance);
    }
};

}  // namespace emma::explore

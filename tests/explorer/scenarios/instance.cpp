// SPDX-License-Identifier: MIT OR Apache-2.0
// Whole instances: the first use by several threads, objects that go from thread to thread, the
// default instance with a heap per thread, and trimming while another allocates.
#include "tests/explorer/scenarios/instances.h"

namespace emma::explore {
namespace {

class FirstUse : public Scenario {
    Instance instance_{kSystemPages};

    void set_up() override { name_instance(instance_); }
    void run_thread(unsigned index) override {
        void* const object = instance_.allocate(kTwoSlots, 16, Contents::kAny);
        expect(object != nullptr, "no memory");
        use_object(object, index + 1);
        instance_.release(object);
    }
    void check() override { check_instance_goes(instance_); }
};
const Registration<FirstUse> first_two("first_use", 2, "two threads are the first in an instance");
const Registration<FirstUse> first_three("first_use", 3, "three are");

// Objects made by one are freed by others, who borrow its heap or go by its inbox.
class HandOver : public Scenario {
    Instance instance_{kSystemPages};
    void* object_[3] = {};

    void set_up() override {
        name_instance(instance_);
        for (void*& object : object_)
            use_object(object = instance_.allocate(kTwoSlots, 16, Contents::kAny), 1);
        instance_.arenas.for_each([](Arena& arena) { name_arena(arena); });
        instance_.heaps.for_each([](ThreadHeap* heap) { name_heap(*heap, "heap"); });
    }
    void run_thread(unsigned index) override {
        use_object(object_[index], 2);
        instance_.release(object_[index]);
    }
    void check() override {
        for (void* object : object_)
            if (locate_guarded(instance_.arenas, reinterpret_cast<std::uintptr_t>(object)).live)
                instance_.release(object);
        check_instance_goes(instance_);
    }
};
const Registration<HandOver> over_two("hand_over", 2, "two threads free what a third has made");
const Registration<HandOver> over_three("hand_over", 3, "three do");

// A heap that one borrows while another visits it and retires what is free.
class BorrowAndTrim : public Scenario {
    Instance instance_{kSystemPages};

    void set_up() override {
        name_instance(instance_);
        instance_.release(instance_.allocate(kTwoSlots, 16, Contents::kAny));
        instance_.arenas.for_each([](Arena& arena) { name_arena(arena); });
        instance_.heaps.for_each([](ThreadHeap* heap) { name_heap(*heap, "heap"); });
    }
    void run_thread(unsigned index) override {
        if (index == 1) {
            instance_.for_each_reachable_heap(true, [](ThreadHeap* heap) { heap->trim(); });
            return;
        }
        void* const object = instance_.allocate(kTwoSlots, 16, Contents::kAny);
        expect(object != nullptr, "no memory");
        use_object(object, 5);
        instance_.release(object);
    }
    void check() override { check_instance_goes(instance_); }
};
const Registration<BorrowAndTrim> trim_borrowed("borrow_trim", 2, "borrowing against a visitor");

// ---- the default instance: the fast paths
class DefaultFirstUse : public Default {
    void run_thread(unsigned index) override { allocate_and_free(index + 1); }
};
const Registration<DefaultFirstUse> default_two("first_use_default", 2,
                                                "two threads get heaps of their own");

// A thread on its fast paths, another that frees what it made, or trims all heaps.
class FastAndRemote : public Default {
    void set_up() override {
        Default::set_up();
        make_first_heap();
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            allocate_and_free(2);
            emma_free(object_[0]);
            return;
        }
        be_new_thread();
        if (index == 1) emma_free(object_[1]);
        if (index == 2) allocate_and_free(3);
    }
};
const Registration<FastAndRemote> remote_two("fast_remote", 2, "fast paths against a remote free");

// Frees in a heap that nobody holds and whose inbox is long, beside a thread that wants a heap.
class IdleAndRemote : public Default {
    void set_up() override {
        Default::set_up();
        make_first_heap();
        (void)g_instance.usable_bytes(object_[0]);  // the arena is proved
        ThreadHeap* const heap = current_heap();
        detach_thread();  // which drains it
        heap->inbox_slices.store(63, memory_order_relaxed);
    }
    void run_thread(unsigned index) override {
        if (index == 1) return allocate_and_free(3);
        for (void* object : object_) emma_free(object);
    }
};
const Registration<IdleAndRemote> idle_two("idle_long_inbox", 2,
                                           "frees in a heap that another thread takes",
                                           kWithoutOwnHeaps);

class FastAndTrim : public Default {
    void set_up() override {
        Default::set_up();
        make_first_heap();
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            allocate_and_free(2);
            for (void* object : object_) emma_free(object);
        } else {
            be_new_thread();
            g_instance.for_each_reachable_heap(true, [](ThreadHeap* heap) {
                heap->trim();
                heap->purge_between_objects();
            });
        }
    }
};
const Registration<FastAndTrim> trim_two("fast_trim", 2, "fast paths against a visitor that trims");

class FastAndAudit : public Default {
    void set_up() override {
        Default::set_up();
        make_first_heap();
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            emma_free(object_[0]);
            emma_free(object_[1]);
        } else {
            be_new_thread();
            expect(audit(g_instance, {}) == 0, "the audit finds a broken invariant");
        }
    }
};

// The arena that is looked at is empty, and may go and come back.
class TrimAndAudit : public Default {
    void set_up() override {
        Default::set_up();
        make_first_heap();
        for (void* object : object_) emma_free(object);
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            (void)emma_trim();
        } else {
            be_new_thread();
            expect(audit(g_instance, {}) == 0, "the audit finds a broken invariant");
        }
    }
};
const Registration<TrimAndAudit> trim_audit_two("trim_audit", 2, "a trim against the audit");

const Registration<FastAndAudit> audit_two("fast_audit", 2, "fast paths against the audit");

// Walk and statistics read the descriptors of slabs that may be made anew meanwhile, and say that
// what comes or goes then is reported or not.
void allow_snapshots() {
    g_instance.arenas.for_each([](Arena& arena) {
        for (unsigned slice = 1; slice < 4; ++slice) {
            Slab& slab = arena.slab(slice);
            allow_races(&slab.slot_count, sizeof slab.slot_count);
            allow_races(&slab.size_class, sizeof slab.size_class);
            allow_races(&slab.slice_count, sizeof slab.slice_count);
            allow_races(&slab.free_words, sizeof slab.free_words);
        }
    });
}

// Slabs are retired, made anew in another class and filled under the eyes of walk and statistics.
template <bool kStatistics>
class SlabsAndWalk : public Default {
    void* of_slab_[3] = {};  // two of one slab, one of the next

    void set_up() override {
        Default::set_up();
        make_first_heap();
        for (void*& object : of_slab_) use_object(object = emma_malloc(kTwoSlots), 1);
        allow_snapshots();
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            emma_free(of_slab_[0]);
            emma_free(of_slab_[1]);  // the slab is retired
            emma_free(emma_malloc(2000));
            return;
        }
        be_new_thread();
        if (kStatistics) {
            struct emma_stats stats;
            emma_stats(&stats);
            return;
        }
        unsigned live = 0;
        for_each_live(g_instance, [&](void*, std::size_t) { return ++live < 64; });
        expect(live <= 5, "more objects than there ever were");
    }
    void check() override {
        emma_free(of_slab_[2]);
        for (void* object : object_) emma_free(object);
        Default::check();
    }
};
const Registration<SlabsAndWalk<false>> walk_two("slabs_walk", 2, "slabs come and go under walk");
const Registration<SlabsAndWalk<true>> stats_two("slabs_stats", 2,
                                                 "slabs come and go under statistics");

// The same under the audit, which enters heaps.
class SlabsAndAudit : public Default {
    void* of_slab_[3] = {};

    void set_up() override {
        Default::set_up();
        make_first_heap();
        for (void*& object : of_slab_) use_object(object = emma_malloc(kTwoSlots), 1);
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            emma_free(of_slab_[0]);
            emma_free(of_slab_[1]);
            emma_free(emma_malloc(2000));
            return;
        }
        be_new_thread();
        expect(audit(g_instance, {}) == 0, "the audit finds a broken invariant");
    }
    void check() override {
        emma_free(of_slab_[2]);
        for (void* object : object_) emma_free(object);
        Default::check();
    }
};
const Registration<SlabsAndAudit> slabs_audit("slabs_audit", 2,
                                              "slabs come and go under the audit");

}  // namespace
}  // namespace emma::explore

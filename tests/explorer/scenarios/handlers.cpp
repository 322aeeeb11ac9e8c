// SPDX-License-Identifier: MIT OR Apache-2.0
// A thread that is interrupted by a signal handler, at each of its accesses, while another thread
// works. What counts here is the order of a thread's own statements: which heap it is said to have,
// whether that is occupied, and who else may have it.
#include "tests/explorer/scenarios/instances.h"

namespace emma::explore {
namespace {

class Interrupted : public Default {
  protected:
    void* kept_ = nullptr;  // by the handler

    void set_up() override {
        Default::set_up();
        interrupt_first_thread();
    }
    void handle_signal() override {
        kept_ = emma_malloc(kObjectBytes);
        expect(kept_ != nullptr, "no memory");
        use_object(kept_, kMark);
    }
    void end_kept() {
        if (kept_ == nullptr) return;
        expect(*static_cast<std::uint64_t*>(kept_) == kMark, "the handler's object has changed");
        emma_free(kept_);
    }
    // A second heap, so that threads say who they are. It stays with a thread that nobody asks
    // about: whoever comes next takes what is left meanwhile, or makes a third.
    void make_second_heap() {
        ThreadHeap* const first = current_heap();
        be_new_thread();
        emma_free(emma_malloc(kObjectBytes));
        ThreadHeap* const second = current_heap();
        detach_thread();
        expect(!kOwnHeaps || HeapPool::try_acquire(second, Holder::unnamed_thread()),
               "the scenario's own mistake");
        t_heap.store(first, memory_order_relaxed);
    }
    static constexpr std::uint64_t kMark = 99;
};

// In the middle of its operations on its own heap, in a slab that others have freed in or not; or
// of one operation, and another thread would visit the heap.
template <bool kFreedIn, bool kVisited>
class InHeap : public Interrupted {
    void* third_ = nullptr;
    ThreadHeap* own_ = nullptr;

    void set_up() override {
        Interrupted::set_up();
        make_first_heap();
        if (!kVisited || kFreedIn) third_ = emma_malloc(kObjectBytes);
        own_ = current_heap();
        if (!kFreedIn) return;
        void* const freed = emma_malloc(kObjectBytes);
        be_new_thread();
        emma_free(freed);
        t_heap.store(own_, memory_order_relaxed);
    }
    void run_thread(unsigned index) override {
        if (index == 1) {
            (void)HeapPool::visit(own_, [](ThreadHeap* heap) { heap->last_page_class ^= 0; });
            return;
        }
        if (kVisited) {
            kFreedIn ? emma_free(object_[0]) : use_object(third_ = emma_malloc(kObjectBytes), 2);
            return;
        }
        void* const object = emma_malloc(kObjectBytes);
        expect(object != nullptr, "no memory");
        use_object(object, 2);
        emma_free(object_[0]);
        use_object(object, 3);
        emma_free(object);
    }
    void handle_signal() override {
        emma_free(object_[1]);
        if (kVisited) return;
        Interrupted::handle_signal();
        emma_free(third_);
    }
    void check() override {
        end_kept();
        if (kVisited) emma_free(third_);
        if (kVisited && !kFreedIn) emma_free(object_[0]);
        Default::check();
    }
};
const Registration<InHeap<false, false>> in_heap_one("handler", 1, "a handler in malloc and free");
const Registration<InHeap<true, false>> freed_in_one(
    "handler_freed_in", 1, "a handler in the frees of a slab others free in");
const Registration<InHeap<false, true>> in_heap("handler", 2,
                                                "a handler in malloc, and a visitor of the heap",
                                                kWithoutOwnHeaps);
const Registration<InHeap<true, true>> freed_in("handler_freed_in", 2,
                                                "a handler in such a free, and a visitor",
                                                kWithoutOwnHeaps);

// A handler that trims: it leaves alone what it has interrupted.
class TrimInHeap : public Interrupted {
    void set_up() override {
        Interrupted::set_up();
        make_first_heap();
        for (void* object : object_) emma_free(object);  // the slab is empty, and current
    }
    void run_thread(unsigned) override {
        allocate_and_free(2);
        allocate_and_free(3);
    }
    void handle_signal() override {
        g_instance.for_each_reachable_heap(true, [](ThreadHeap* heap) { heap->trim(); });
    }
};
const Registration<TrimInHeap> trim_in_heap("handler_trims", 1, "a handler that trims all heaps");

// The thread that trims is the one that is interrupted.
class InTrim : public Interrupted {
    void set_up() override {
        Interrupted::set_up();
        make_first_heap();
        make_second_heap();
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            g_instance.for_each_reachable_heap(true, [](ThreadHeap* heap) { heap->trim(); });
            return;
        }
        be_new_thread();
        emma_free(object_[1]);
    }
    void handle_signal() override {
        emma_free(object_[0]);
        Interrupted::handle_signal();
    }
    void check() override {
        end_kept();
        Default::check();
    }
};
const Registration<InTrim> in_trim("handler_in_trim", 2, "a handler in a trim, and a remote free");

// Threads that get and leave their heaps. No two of them may have the same, nor may one be lost.
class HeapsChange : public Interrupted {
  protected:
    ThreadHeap* first_ = nullptr;

    void set_up() override {
        Interrupted::set_up();
        make_first_heap();
        make_second_heap();
        first_ = current_heap();
    }
    // Another thread gets this heap, if it is to be had, works in it and keeps it.
    void take(ThreadHeap* heap) {
        if (!HeapPool::try_acquire(heap, Holder::unnamed_thread()) || !heap->enter()) return;
        heap->last_page_class ^= 1;
        heap->last_page_class ^= 1;
        heap->leave();
        expect(heap->ownership.holder() == Holder::unnamed_thread(), "a heap is given away twice");
    }
    void check_holders(unsigned most) {
        unsigned held = 0;
        g_instance.heaps.for_each([&](const ThreadHeap* heap) {
            if (heap->ownership.holder() != Holder::nobody()) ++held;
        });
        expect(held <= most, "a heap is held by nobody");
    }
    void check() override {
        end_kept();
        for (void* object : object_)
            if (object != nullptr) emma_free(object);
        Default::check();
    }
};

// Another thread takes the heap that was just left, and keeps it while the handler runs.
class AtDetach : public HeapsChange {
    void run_thread(unsigned index) override { index == 0 ? detach_thread() : take(first_); }
    void check() override {
        check_holders(3);  // a handler behind the end of detach_thread() attaches again
        HeapsChange::check();
    }
};
const Registration<AtDetach> at_detach("handler_detach", 2,
                                       "a handler where a thread leaves its heap to another",
                                       kWithoutOwnHeaps);

// The handler is the first to need a heap, or the thread is; another has just left one.
class AtAttach : public HeapsChange {
    void set_up() override {
        HeapsChange::set_up();
        be_new_thread();
    }
    void run_thread(unsigned index) override {
        index == 0 ? allocate_and_free(2) : HeapPool::release(first_);
    }
    void check() override {
        check_holders(2);
        HeapsChange::check();
    }
};
const Registration<AtAttach> at_attach("handler_attach", 2,
                                       "a handler where a thread gets its heap, one leaves its own",
                                       kWithoutOwnHeaps);

// The heap that a thread gives up for a new one, as a visitor keeps it out, is another's when that
// visitor is done.
class AtAttachAnew : public HeapsChange {
    void set_up() override {
        HeapsChange::set_up();
        expect(first_->visited.try_set(), "the scenario's own mistake");
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            expect(attach_thread(true), "no heap");
            return;
        }
        first_->visited.clear();
        take(first_);
    }
    void check() override {
        check_holders(3);
        HeapsChange::check();
    }
};
const Registration<AtAttachAnew> attach_anew("handler_attach_anew", 2,
                                             "a handler where a thread changes its visited heap",
                                             kWithoutOwnHeaps);

// A thread takes over a heap with frees to take in while a visitor looks at it.
class AttachVisited : public HeapsChange {
    void set_up() override {
        HeapsChange::set_up();
        be_new_thread();
        emma_free(object_[0]);
        object_[0] = nullptr;
        expect(first_->inbox.load(memory_order_relaxed) != nullptr, "the scenario's own mistake");
        HeapPool::release(first_);  // as where the free comes behind the last drain
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            expect(attach_thread(false), "no heap");
        } else {
            (void)HeapPool::visit(first_, [](ThreadHeap* heap) { heap->drain_inbox(); });
        }
    }
};
const Registration<AttachVisited> attach_visited("handler_attach_visited", 2,
                                                 "a handler, and the heap has a visitor",
                                                 kWithoutOwnHeaps);

// Heaps that are borrowed for one operation each; the handler frees, or it looks at all heaps.
template <bool kTrims>
class InBorrowed : public Scenario {
    Instance instance_{kSystemPages};
    void* object_[2] = {};
    void* kept_ = nullptr;

    void set_up() override {
        name_instance(instance_);
        interrupt_first_thread();
        for (void*& object : object_) object = instance_.allocate(1000, 16, Contents::kAny);
        if (kTrims) instance_.release(object_[1]);
        instance_.arenas.for_each([](Arena& arena) { name_arena(arena); });
        instance_.heaps.for_each([](ThreadHeap* heap) { name_heap(*heap, "heap"); });
    }
    void allocate_and_release(std::uint64_t mark) {
        void* const object = instance_.allocate(1000, 16, Contents::kAny);
        expect(object != nullptr, "no memory");
        use_object(object, mark);
        instance_.release(object);
    }
    void run_thread(unsigned index) override {
        if ((index == 0) == kTrims) {
            allocate_and_release(3);
        } else {
            instance_.release(object_[0]);
        }
    }
    void handle_signal() override {
        if (kTrims) {
            instance_.for_each_reachable_heap(true, [](ThreadHeap* heap) { heap->trim(); });
        } else {
            instance_.release(object_[1]);
        }
    }
    void check() override { check_instance_goes(instance_); }
};
const Registration<InBorrowed<false>> in_borrowed("handler_borrow", 2,
                                                  "a handler where heaps are borrowed");
const Registration<InBorrowed<true>> trim_borrowed("handler_borrow_trim", 2,
                                                   "a handler that visits heaps there");

}  // namespace
}  // namespace emma::explore

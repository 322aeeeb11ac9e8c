// SPDX-License-Identifier: MIT OR Apache-2.0
// Heaps of the program's own: two threads near the limit of one, and one that ends while a panic
// asks all heaps about a pointer.
#include "core/own_heap.h"
#include "tests/explorer/scenarios/instances.h"

namespace emma::explore {
namespace {

// Each wants an object of which the limit has room for one. At least one is served, unless both are
// at it at the same time; the limit is never exceeded, and what was taken goes back.
class Limit : public Default {
    static constexpr std::size_t kLimit = std::size_t{6} << 20, kBytes = std::size_t{5} << 20;
    emma_heap* heap_ = nullptr;
    std::size_t held_at_first_ = 0;

    std::size_t held() const { return heap_->held_bytes.load(memory_order_relaxed); }
    void set_up() override {
        Default::set_up();
        emma_heap_options options{};
        options.limit_bytes = kLimit;
        heap_ = emma_heap_create(&options);
        expect(heap_ != nullptr, "no memory");
        name_field(*heap_, "heap");
        name_instance(heap_->instance);
        void* const first = heap_->instance.allocate(kBytes, kMinAlignment, Contents::kAny);
        expect(first != nullptr, "no memory");
        heap_->instance.release(first);
        held_at_first_ = held();
    }
    void run_thread(unsigned index) override {
        be_new_thread();
        void* const object = heap_->instance.allocate(kBytes, kMinAlignment, Contents::kAny);
        if (object == nullptr) return;
        expect(heap_->instance.arenas.pages().mapped_bytes() <= kLimit, "more than the limit");
        use_object(object, index + 1);
        heap_->instance.release(object);
    }
    void check() override {
        expect(held() == held_at_first_, "what is held is not what there is");
        t_heap.store(&g_no_heap, memory_order_relaxed);
        emma_heap_destroy(heap_);
    }
};
const Registration<Limit> limit_two("limit", 2, "two objects where the limit has room for one");

// A panic's question reads every heap that is listed: one that is asked keeps its pages.
class Ended : public Default {
    emma_heap* heap_ = nullptr;
    void* of_heap_ = nullptr;

    void set_up() override {
        Default::set_up();
        include_global(&g_heap_list, sizeof g_heap_list);
        name_field(g_heap_list, "g_heap_list");
        heap_ = emma_heap_create(nullptr);
        expect(heap_ != nullptr, "no memory");
        name_field(*heap_, "heap");
        name_instance(heap_->instance);
        of_heap_ = heap_->instance.allocate(3000000, kMinAlignment, Contents::kAny);
    }
    void run_thread(unsigned index) override {
        be_new_thread();
        if (index == 0) return emma_heap_destroy(heap_);
        const auto ask = g_ask_other_heaps.load(memory_order_relaxed);
        const Misuse misuse = ask(reinterpret_cast<std::uintptr_t>(of_heap_));
        expect(misuse == Misuse::kOtherHeap || misuse == Misuse::kInvalidPointer, "another misuse");
    }
    void check() override {}
};
const Registration<Ended> ended_two("ended", 2, "a heap ends while a panic looks for an object");

}  // namespace
}  // namespace emma::explore

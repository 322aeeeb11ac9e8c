// SPDX-License-Identifier: MIT OR Apache-2.0
// Memory has run out: an allocation looks through all arenas for slabs of its heap that have room,
// while another heap's slabs are retired and made anew there.
#include "tests/explorer/scenarios/heaps.h"

namespace emma::explore {
namespace {

class Scrape : public Scenario {
    OwnHeap own_;
    ThreadHeap other_{};
    void* object_[2] = {};
    void* other_object_[2] = {};
    void* got_ = nullptr;

    void set_up() override {
        other_.arenas = &own_.arenas;
        name_heap(other_, "other heap");
        for (void*& object : object_) object = own_.allocate(kTwoSlots);
        for (void*& object : other_object_)
            use_object(object = other_.allocate(size_class_for(kTwoSlots), nullptr), 1);
        own_.free(own_.allocate(1000));  // the third slice
        own_.arenas.for_each([](Arena& arena) { name_arena(arena); });
        limit_source(0, false);
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            got_ = own_.heap.allocate(size_class_for(kTwoSlots), nullptr);
            if (got_ != nullptr) use_object(got_, 2);
        } else if (index == 1) {
            for (void* object : other_object_) other_.put(slab_around(object), slot_at(object));
            other_.trim();
            // Perhaps the same slices, in another class.
            void* const object = other_.allocate(size_class_for(2000), nullptr);
            if (object != nullptr) use_object(object, 3);
        } else {
            use_object(object_[0], 4);
            own_.free_remote(object_[0]);
        }
    }
    void check() override {
        own_.heap.drain_inbox();
        own_.check_slabs();
    }
};
const Registration<Scrape> scrape_two("shortage", 2, "a search for room against another heap");
const Registration<Scrape> scrape_three("shortage", 3, "and a remote free that makes room");

// A search finds no slices that another thread is just about to release, or keeps for a moment to
// purge them. The heap that remembers that finds them when they are free.
template <bool kPurged>
class Remember : public Scenario {
    OwnHeap own_;
    ThreadHeap other_{};
    void* object_ = nullptr;
    void* got_[2] = {};

    void set_up() override {
        other_.arenas = &own_.arenas;
        name_heap(other_, "other heap");
        object_ = take_slice(other_);
        limit_source(0, true);
        while (take_slice(own_.heap) != nullptr) {
        }
        if (kPurged) release();
        own_.arenas.for_each([](Arena& arena) { name_arena(arena); });
    }
    static void* take_slice(ThreadHeap& heap) {
        return heap.allocate(size_class_for(kTwoSlots), nullptr);
    }
    void release() {
        other_.put(slab_around(object_), slot_at(object_));
        other_.trim();
    }
    void run_thread(unsigned index) override {
        if (index == 0) got_[0] = take_slice(own_.heap);
        if (index == 1 && !kPurged) release();
        if (index == 1 && kPurged) own_.arenas.trim();
    }
    void check() override {
        if (got_[0] == nullptr) got_[0] = take_slice(own_.heap);
        expect(got_[0] != nullptr, "a slice is free and not found");
        own_.check_slabs();
    }
};
const Registration<Remember<false>> remember_release(
    "shortage_release", 2, "a search is remembered while a slab is retired");
const Registration<Remember<true>> remember_purge(
    "shortage_purge", 2, "a search is remembered while free slices are purged");

}  // namespace
}  // namespace emma::explore

// SPDX-License-Identifier: MIT OR Apache-2.0
// Remote frees against their slab's owner: put_remote() by one or two threads while the owner takes
// in what they freed, hands it out again, frees too and retires the slab.
#include "tests/explorer/scenarios/heaps.h"

namespace emma::explore {
namespace {

// The owner collects and reuses what one or two others free. Two slots a slab.
template <unsigned kFreers>
class FreeAndReuse : public Scenario {
    OwnHeap own_;
    void* object_[2] = {};

    void set_up() override {
        for (void*& object : object_) object = own_.allocate(kTwoSlots);
        own_.arenas.for_each([](Arena& arena) { name_arena(arena); });
        for (void* object : object_) use_object(object, 1);
    }
    void run_thread(unsigned index) override {
        if (index < kFreers) {
            use_object(object_[index], 2 + index);
            own_.free_remote(object_[index]);
            return;
        }
        // One more than the slab has: the bin leaves it as full, and takes it back where it can.
        void* const first = own_.allocate(kTwoSlots);
        use_object(first, 7);
        own_.heap.drain_inbox();
        use_object(first, 8);
        own_.free(first);
    }
    void check() override {
        own_.check_slabs();
        if (kFreers == 1) own_.free(object_[1]);
        own_.check_all_came_home();
    }
};

// The owner frees objects of the very slab: who empties it, owner or drain, retires it. Where so
// much waits in the inbox, the owner's free drains it first.
template <unsigned kFreers, std::uint32_t kWaiting = 0>
class FreeBoth : public Scenario {
    static constexpr std::size_t kThreeSlots = 20 * 1024;
    OwnHeap own_;
    void* object_[3] = {};

    void set_up() override {
        for (void*& object : object_) use_object(object = own_.allocate(kThreeSlots), 1);
        own_.free(own_.allocate(kThreeSlots));  // the slab is full, another current
        own_.heap.inbox_slices.store(kWaiting, memory_order_relaxed);
        own_.arenas.for_each([](Arena& arena) { name_arena(arena); });
    }
    void run_thread(unsigned index) override {
        if (index < kFreers) {
            use_object(object_[index], 2 + index);
            own_.free_remote(object_[index]);
            return;
        }
        for (unsigned i = kFreers; i < 3; ++i) own_.free(object_[i]);
        own_.heap.drain_inbox();
        use_object(own_.allocate(kThreeSlots), 9);
    }
    void check() override {
        own_.heap.drain_inbox();
        own_.check_slabs();
    }
};
const Registration<FreeBoth<1>> both_two("remote_local", 2, "frees of one slab from both sides");
const Registration<FreeBoth<2>> both_three("remote_local", 3, "and by two others");
const Registration<FreeBoth<1, 63>> long_two("remote_long_inbox", 2,
                                             "an owner's frees that drain a long inbox");
const Registration<FreeBoth<2, 63>> long_three("remote_long_inbox", 3, "and two others free");

// Two others free two objects each in two words of a slab while the owner takes them in: a word is
// counted once each time that it is found, and the slab is retired when all is counted.
class FreeWords : public Scenario {
    static constexpr std::size_t kTwoWords = 512;
    static constexpr unsigned kSlots = kSliceBytes / kTwoWords;
    OwnHeap own_;
    void* object_[kSlots] = {};

    void set_up() override {
        for (void*& object : object_) use_object(object = own_.allocate(kTwoWords), 1);
        own_.free(own_.allocate(kTwoWords));  // the slab is full, another current
        for (unsigned i = 0; i < kSlots; ++i)
            if (i % 64 > 1) own_.free(object_[i]);
        own_.arenas.for_each([](Arena& arena) { name_arena(arena); });
    }
    void run_thread(unsigned index) override {
        for (unsigned word = 0; word < 2; ++word) {
            if (index == 2) {
                own_.heap.drain_inbox();
                continue;
            }
            use_object(object_[word * 64 + index], 2);
            own_.free_remote(object_[word * 64 + index]);
        }
    }
    void check() override { own_.check_all_came_home(); }
};
const Registration<FreeWords> words("remote_words", 3, "remote frees in two words against a drain");

// All that is live in a current slab is freed by another thread, in two words, while the owner
// gives back what is empty and uses its slices anew: it must wait for the freer that has set its
// bit and not yet counted the word.
template <bool kTwoFree>
class FreeAndTrim : public Scenario {
    static constexpr std::size_t kTwoWords = 512;
    static constexpr unsigned kSlots = 66;
    OwnHeap own_;
    void* object_[kSlots] = {};

    void set_up() override {
        for (void*& object : object_) use_object(object = own_.allocate(kTwoWords), 1);
        for (unsigned i = 1; i < kSlots - 1; ++i) own_.free(object_[i]);
        own_.arenas.for_each([](Arena& arena) { name_arena(arena); });
    }
    void run_thread(unsigned index) override {
        if (index != 0) {
            if (index == 1) own_.free_remote(object_[0]);
            if (index == 2 || !kTwoFree) own_.free_remote(object_[kSlots - 1]);
            return;
        }
        own_.heap.trim();
        use_object(object_[1] = own_.allocate(700), 5);
    }
    void check() override {
        own_.free(object_[1]);
        own_.check_all_came_home();
    }
};
const Registration<FreeAndTrim<false>> trimmed("remote_trim", 2,
                                               "remote frees of a slab against a trim");
const Registration<FreeAndTrim<true>> trimmed_three("remote_trim", 3,
                                                    "by two threads, against a trim");

// The same where the owner has taken the slab in alone, which leaves it in the inbox, and then
// frees in another class of a page and more, or trims: the slab is empty, and a freer may have the
// push yet to do.
template <bool kTrims>
class FreeInTwoClasses : public Scenario {
    static constexpr std::size_t kPages = 36 * 1024, kOtherPages = 40 * 1024;
    OwnHeap own_;
    void* object_[64] = {};
    unsigned slots_ = 0;
    void* other_ = nullptr;

    void set_up() override {
        other_ = own_.allocate(kOtherPages);
        use_object(object_[0] = own_.allocate(kPages), 1);
        slots_ = slab_around(object_[0])->slot_count;
        for (unsigned i = 1; i < slots_; ++i) object_[i] = own_.allocate(kPages);
        own_.arenas.for_each([](Arena& arena) { name_arena(arena); });
    }
    void run_thread(unsigned index) override {
        if (index == 1) {
            own_.free_remote(object_[0]);
            return;
        }
        own_.free(own_.allocate(kPages));
        for (unsigned i = 1; i < slots_; ++i) own_.free(object_[i]);
        kTrims ? own_.heap.trim() : own_.free(other_);
        use_object(object_[1] = own_.allocate(700), 5);
        own_.heap.drain_inbox();
    }
    void check() override {
        own_.free(object_[1]);
        if (kTrims) own_.free(other_);
        own_.check_all_came_home();
    }
};
const Registration<FreeInTwoClasses<false>> two_classes(
    "remote_classes", 2, "a remote free in a slab that its owner leaves for another class");
const Registration<FreeInTwoClasses<true>> two_classes_trimmed("remote_classes_trim", 2,
                                                               "and in one that its owner trims");

const Registration<FreeAndReuse<1>> two("remote_free", 2, "remote free against collect and reuse");
const Registration<FreeAndReuse<2>> three("remote_free", 3,
                                          "two remote frees of a slab against collect and retire");

}  // namespace
}  // namespace emma::explore

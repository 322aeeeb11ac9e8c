// SPDX-License-Identifier: MIT OR Apache-2.0
// The inbox: pushes of different slabs by different threads against an owner that takes all there
// is, more than once.
#include "tests/explorer/scenarios/heaps.h"

namespace emma::explore {
namespace {

template <unsigned kFreers>
class PushAndDrain : public Scenario {
    OwnHeap own_;
    void* object_[4] = {};  // two slabs

    void set_up() override {
        for (void*& object : object_) use_object(object = own_.allocate(kTwoSlots), 1);
        // Neither is the current slab: all is found by way of the inbox alone.
        own_.free(own_.allocate(kTwoSlots));
        own_.arenas.for_each([](Arena& arena) { name_arena(arena); });
    }
    void run_thread(unsigned index) override {
        if (index == kFreers) {
            own_.heap.drain_inbox();
            own_.heap.drain_inbox();
            return;
        }
        // With one freer: both slabs, one after the other.
        own_.free_remote(object_[2 * index]);
        if (kFreers == 1) own_.free_remote(object_[2]);
    }
    void check() override {
        own_.heap.drain_inbox();
        own_.check_slabs();
        own_.free(object_[1]);
        own_.free(object_[3]);
        own_.check_all_came_home();
    }
};

// Objects of one slab freed by two threads and twice by one, so that it is pushed again and again.
class PushAgain : public Scenario {
    OwnHeap own_;
    void* object_[3] = {};

    void set_up() override {
        constexpr std::size_t kThreeSlots = 20 * 1024;
        for (void*& object : object_) use_object(object = own_.allocate(kThreeSlots), 1);
        own_.arenas.for_each([](Arena& arena) { name_arena(arena); });
    }
    void run_thread(unsigned index) override {
        if (index == 2) {
            own_.heap.drain_inbox();
            own_.heap.drain_inbox();
            return;
        }
        use_object(object_[index], 3);
        own_.free_remote(object_[index]);
        if (index == 0) own_.free_remote(object_[2]);
    }
    void check() override { own_.check_all_came_home(); }
};

// The same while the owner, whose slab it is and has no free slot, takes that slab in alone: it
// stays in the inbox, where a later free must not push it again.
template <unsigned kWords>
class RefillAndDrain : public Scenario {
    static constexpr std::size_t kBytes = kWords == 1 ? 20 * 1024 : 512;  // 3 slots, 2 words
    static constexpr unsigned kSlots = kWords == 1 ? 3 : kSliceBytes / kBytes;
    OwnHeap own_;
    void* object_[kSlots] = {};

    void* freed(unsigned index) const { return object_[kWords == 1 ? index : index * 40]; }
    void set_up() override {
        for (void*& object : object_) use_object(object = own_.allocate(kBytes), 1);
        own_.arenas.for_each([](Arena& arena) { name_arena(arena); });
        // One has been freed before, in the slab's last word.
        own_.free_remote(freed(2));
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            void* const first = own_.allocate(kBytes);
            use_object(first, 5);
            void* const second = own_.allocate(kBytes);
            use_object(second, 6);
            own_.heap.drain_inbox();
            own_.free(first);
            own_.free(second);
            return;
        }
        use_object(freed(index - 1), 3);
        own_.free_remote(freed(index - 1));
    }
    void check() override {
        own_.check_slabs();
        for (unsigned i = 0; i < kSlots; ++i)
            if (object_[i] != freed(0) && object_[i] != freed(1) && object_[i] != freed(2))
                own_.free(object_[i]);
        own_.check_all_came_home();
    }
};

const Registration<RefillAndDrain<1>> word("inbox_refill", 3,
                                           "a slab freed in while its owner takes it in alone");
const Registration<RefillAndDrain<2>> words("inbox_refill_words", 3, "and in two words of it");

const Registration<PushAndDrain<1>> two("inbox", 2, "two slabs pushed against the drain");
const Registration<PushAndDrain<2>> three("inbox", 3, "push against push against drain");
const Registration<PushAgain> again("inbox_again", 3, "one slab pushed again while it is drained");

}  // namespace
}  // namespace emma::explore

// SPDX-License-Identifier: MIT OR Apache-2.0
// Arenas come and go: added to list and table, found there by readers with a guard, closed, taken
// out of both and unmapped.
#include "core/proof.h"
#include "tests/explorer/scenarios/arenas.h"

namespace emma::explore {
namespace {

// An arena that is empty, and one who unmaps what is empty. kProved: the arena is among the last
// that the table has proved.
template <bool kProved, bool kByProcess = false>
class Unmap : public Scenario {
    ArenaPool arenas_{kSystemPages};
    Arena* arena_ = nullptr;
    Atomic<std::uint32_t> guards_[3] = {};

    void set_up() override {
        name_pool(arenas_, "arenas");
        if (kByProcess) arenas_.count_guards_by_process(guards_, 3);
        const SliceRange range = arenas_.claim(1, 1);
        arena_ = range.arena;
        use_slices(range, 1);
        arenas_.release(range.arena, range.first, range.count);
        name_arena(*arena_);
        if (kProved) expect(arenas_.arena_around(arena_->addr()) == arena_, "an arena unknown");
    }
    void run_thread(unsigned index) override {
        if (index == 0) arenas_.trim();
        // Any pointer may be asked about: what is found stays while the guard is held.
        if (index == 1) (void)locate_guarded(arenas_, arena_->addr() + kSliceBytes);
        if (index == 2) claim_and_use();
    }
    void claim_and_use() {
        const SliceRange range = arenas_.claim(1, 1);
        expect(range.ok(), "no memory");
        use_slices(range, 5);
        arenas_.release(range.arena, range.first, range.count);
    }
    void check() override {
        expect(arenas_.pages().mapped_bytes() == bytes_mapped(), "the account of mapped bytes");
        arenas_.trim();
        expect(bytes_mapped() == 0, "an empty arena stays mapped");
    }
};
const Registration<Unmap<false>> unmap_two("unmap", 2, "unmapping against a reader with a guard");
const Registration<Unmap<false>> unmap_three("unmap", 3, "unmapping against a reader and a claim");
const Registration<Unmap<true>> proved_two("unmap_proved", 2, "and the arena was proved before");
const Registration<Unmap<true>> proved_three("unmap_proved", 3, "and the arena was proved before");
const Registration<Unmap<false, true>> process_two("unmap_process", 2,
                                                   "and each process counts its guards");

// Unmapping against a claim alone, and against another unmapping.
template <bool kBothTrim>
class UnmapAndClaim : public Scenario {
    ArenaPool arenas_{kSystemPages};

    void set_up() override {
        name_pool(arenas_, "arenas");
        claim_and_use(1);
        arenas_.for_each([](Arena& arena) { name_arena(arena); });
    }
    void claim_and_use(std::uint64_t mark) {
        const SliceRange range = arenas_.claim(1, 1);
        expect(range.ok(), "no memory");
        use_slices(range, mark);
        arenas_.release(range.arena, range.first, range.count);
    }
    void run_thread(unsigned index) override {
        if (index == 0 || kBothTrim) {
            arenas_.trim();
        } else {
            claim_and_use(2);
        }
    }
    void check() override {
        expect(bytes_mapped() <= 2 * kArenaBytes, "one claim has made several arenas");
        expect(arenas_.pages().mapped_bytes() == bytes_mapped(), "the account of mapped bytes");
        arenas_.trim();
        expect(bytes_mapped() == 0, "an empty arena stays mapped");
    }
};
const Registration<UnmapAndClaim<false>> claim_two("unmap_claim", 2, "unmapping against a claim");
const Registration<UnmapAndClaim<true>> trims_two("unmap_twice", 2, "unmapping against unmapping");

// A heap that keeps to an arena which a slab of its own holds, without a guard, and one that has
// none yet, against an unmapping.
class UnmapAndClaimApart : public Scenario {
    ArenaPool arenas_{kSystemPages};
    SliceRange own_;

    void set_up() override {
        name_pool(arenas_, "arenas");
        own_ = arenas_.claim(1, 1);
        use_slices(own_, 1);
        name_arena(*own_.arena);
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            arenas_.trim();
            return;
        }
        const SliceRange range = arenas_.claim_apart(index == 1 ? own_.arena : nullptr, index, 1);
        expect(range.ok(), "no memory");
        use_slices(range, 5);
        arenas_.release(range.arena, range.first, range.count);
    }
    void check() override {
        expect(arenas_.pages().mapped_bytes() == bytes_mapped(), "the account of mapped bytes");
        arenas_.release(own_.arena, own_.first, own_.count);
        arenas_.trim();
        expect(bytes_mapped() == 0, "an empty arena stays mapped");
    }
};
const Registration<UnmapAndClaimApart> apart_two("claim_apart", 2, "beside its own slab");
const Registration<UnmapAndClaimApart> apart_three("claim_apart", 3, "and one without a slab");

// An arena is published while others look for its address.
template <bool kAgain>
class Publish : public Scenario {
    ArenaPool arenas_{kSystemPages};

    void set_up() override {
        name_pool(arenas_, "arenas");
        if (!kAgain) return;
        // Its place in the list has been used before, so readers look there from the start.
        const SliceRange range = arenas_.claim(1, 1);
        arenas_.release(range.arena, range.first, range.count);
        arenas_.trim();
        expect(bytes_mapped() == 0, "an empty arena stays mapped");
    }
    void run_thread(unsigned index) override {
        if (index != 1 || kAgain) {
            const SliceRange range = arenas_.claim(1, 1);
            expect(range.ok(), "no memory");
            use_slices(range, 5 + index);
            arenas_.release(range.arena, range.first, range.count);
            return;
        }
        arenas_.for_each([](Arena& arena) {
            // Whoever finds an arena in the list finds it whole, and in the table.
            expect(arena.head.mark.load(memory_order_relaxed) != 0, "an arena not yet made");
        });
    }
    void check() override {
        unsigned arenas = 0;
        arenas_.for_each([&](Arena& arena) {
            ++arenas;
            expect(arenas_.arena_around(arena.addr()) == &arena, "an arena is not in the table");
        });
        expect(arenas >= 1, "no arena");
        expect(arenas_.pages().mapped_bytes() == bytes_mapped(), "the account of mapped bytes");
    }
};
const Registration<Publish<false>> publish_two("publish", 2,
                                               "a new arena against a reader of the list");
const Registration<Publish<false>> publish_three("publish", 3, "two new arenas against a reader");
const Registration<Publish<true>> again_two("publish_again", 2, "the same at a place used before");

}  // namespace
}  // namespace emma::explore

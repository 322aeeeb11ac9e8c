// SPDX-License-Identifier: MIT OR Apache-2.0
// Runs and huge objects: of several frees of one object exactly one wins, and the table's entry and
// the slices serve the next object.
#include "core/large.h"
#include "core/proof.h"
#include "tests/explorer/scenarios/arenas.h"

namespace emma::explore {
namespace {

constexpr std::size_t kHugeBytes = kArenaBytes + kSliceBytes;

class FreeHuge : public Scenario {
    ArenaPool arenas_{kSystemPages};
    std::uintptr_t object_ = 0;
    unsigned wins_[kMaxThreads] = {};

    void set_up() override {
        name_pool(arenas_, "arenas");
        object_ = reinterpret_cast<std::uintptr_t>(allocate_large(arenas_, kHugeBytes, 16).start);
    }
    void run_thread(unsigned index) override {
        if (index < 2) {
            wins_[index] = free_huge(arenas_, object_) ? 1 : 0;
            return;
        }
        // Takes the entry that a free leaves. Not its pages, which may be cached: an address that
        // comes again is one that a second free hits.
        const LargeObject fresh = allocate_large(arenas_, 2 * kHugeBytes, 16);
        expect(fresh.start != nullptr, "no memory");
        *static_cast<std::uint64_t*>(fresh.start) = 1;
        expect(free_huge(arenas_, reinterpret_cast<std::uintptr_t>(fresh.start)),
               "a live huge object is not known");
    }
    void check() override {
        expect(wins_[0] + wins_[1] == 1, "not exactly one free won");
        (void)arenas_.drop_cached();  // with FOR=speed some are cached
        expect(arenas_.table().was_removed(object_) || bytes_mapped() == 0, "the entry is lost");
        expect(bytes_mapped() == 0, "pages of a huge object are left");
    }
};
const Registration<FreeHuge> huge_two("huge", 2, "two frees of one huge object");
const Registration<FreeHuge> huge_three("huge", 3, "two frees of one, and another comes and goes");

// A huge object moves to a place where nothing is mapped before. Another thread asks for the place:
// what is known there is mapped. A third frees another object, whose entry the place may take.
class MoveHuge : public Scenario {
    ArenaPool arenas_{kSystemPages};
    std::uintptr_t object_ = 0, other_ = 0, place_ = 0;

    std::uintptr_t make() {
        return reinterpret_cast<std::uintptr_t>(allocate_large(arenas_, kHugeBytes, 16).start);
    }
    void set_up() override {
        name_pool(arenas_, "arenas");
        object_ = make();
        other_ = make();
        place_ = align_up(other_ + kHugeBytes, kArenaBytes);
        *reinterpret_cast<std::uint64_t*>(object_) = 7;
    }
    void run_thread(unsigned index) override {
        if (index == 1) {
            if (arenas_.table().bytes_at(place_) == 0) return;
            // Asks the system, whose calls are steps.
            expect(
                kSystemPages.extend(kSystemPages.context, place_, kPageBytes) == Extension::kTaken,
                "what is known is not mapped");
            expect(*reinterpret_cast<std::uint64_t*>(place_) == 7, "the object's contents");
        } else if (index == 2) {
            expect(free_huge(arenas_, other_), "a live object is not known");
        } else {
            void* const moved = resize_huge(arenas_, object_, 16, 2 * kHugeBytes);
            expect(moved == reinterpret_cast<void*>(place_), "the object is not at the place");
            expect(*static_cast<std::uint64_t*>(moved) == 7, "the object's contents");
            expect(arenas_.table().bytes_at(place_) == 2 * kHugeBytes, "the object's size");
            expect(arenas_.table().bytes_at(object_) == 0, "the old place is known");
        }
    }
    void check() override {
        expect(free_huge(arenas_, place_), "the object is not known");
        if (arenas_.table().bytes_at(other_) != 0) free_huge(arenas_, other_);
        (void)arenas_.drop_cached();
        expect(bytes_mapped() == 0, "pages of a huge object are left");
    }
};
const Registration<MoveHuge> move_two("huge_move", 2, "a huge object moves, a thread asks");
const Registration<MoveHuge> move_three("huge_move", 3, "and another one is freed");

// Two huge objects come at once, and a reader asks for one that it was given.
class PublishHuge : public Scenario {
    ArenaPool arenas_{kSystemPages};
    Atomic<std::uintptr_t> handed_over_;

    void set_up() override { name_pool(arenas_, "arenas"); }
    void run_thread(unsigned index) override {
        if (index == 1) {
            const std::uintptr_t object = handed_over_.load(memory_order_acquire);
            if (object == 0) return;
            const Place place = locate(arenas_, object);
            expect(place.kind == Place::kHuge && place.live, "a live huge object is not known");
            expect(place.bytes == kHugeBytes, "the size of a huge object");
            return;
        }
        void* const object = allocate_large(arenas_, kHugeBytes, 16).start;
        if (index == 0)
            handed_over_.store(reinterpret_cast<std::uintptr_t>(object), memory_order_release);
    }
    void check() override {
        unsigned objects = 0;
        arenas_.table().for_each([&](std::uintptr_t, std::size_t bytes) {
            expect(bytes == kHugeBytes, "the size of a huge object");
            ++objects;
        });
        expect(objects * kHugeBytes == bytes_mapped(), "a huge object is not in the table");
    }
};
const Registration<PublishHuge> publish_two("huge_publish", 2, "a huge object is handed over");
const Registration<PublishHuge> publish_three("huge_publish", 3, "and another comes");

// One asks about an object that goes, and about whatever there is while another comes.
class AskHuge : public Scenario {
    ArenaPool arenas_{kSystemPages};
    std::uintptr_t object_ = 0;
    std::size_t found_ = 0;

    void set_up() override {
        object_ = reinterpret_cast<std::uintptr_t>(allocate_large(arenas_, kHugeBytes, 16).start);
    }
    void run_thread(unsigned index) override {
        if (index == 0) free_huge(arenas_, object_);
        if (index == 1) {
            found_ = arenas_.table().bytes_at(object_);
            arenas_.table().for_each([this](std::uintptr_t addr, std::size_t bytes) {
                expect(bytes == (addr == object_ ? 1 : 2) * kHugeBytes, "the size of an object");
            });
        }
        if (index == 2) (void)allocate_large(arenas_, 2 * kHugeBytes, 16);
    }
    void check() override {
        expect(found_ == 0 || found_ == kHugeBytes, "the size of another object");
    }
};
const Registration<AskHuge> ask_two("huge_ask", 2, "a free against a question");
const Registration<AskHuge> ask_three("huge_ask", 3, "one goes, one comes, and questions");

class FreeRun : public Scenario {
    ArenaPool arenas_{kSystemPages};
    Slab* run_ = nullptr;
    unsigned wins_[kMaxThreads] = {};

    void set_up() override {
        name_pool(arenas_, "arenas");
        void* const object = allocate_large(arenas_, 2 * kSliceBytes, 16).start;
        *static_cast<std::uint64_t*>(object) = 1;
        run_ = slab_line_of(reinterpret_cast<std::uintptr_t>(object));
        name_arena(*arena_of(run_));
    }
    void run_thread(unsigned index) override { wins_[index] = free_run(arenas_, run_) ? 1 : 0; }
    void check() override {
        expect(wins_[0] + wins_[1] + wins_[2] == 1, "not exactly one free won");
        arenas_.trim();
        expect(bytes_mapped() == 0, "slices of a run are left");
    }
};
const Registration<FreeRun> run_two("run", 2, "two frees of one run");
const Registration<FreeRun> run_three("run", 3, "three frees of one run");

// A run is given to another thread, which frees it, while a third claims slices.
class HandOverRun : public Scenario {
    ArenaPool arenas_{kSystemPages};
    Atomic<void*> handed_over_;

    void set_up() override { name_pool(arenas_, "arenas"); }
    void run_thread(unsigned index) override {
        if (index == 0) {
            void* const object = allocate_large(arenas_, 2 * kSliceBytes, 16).start;
            *static_cast<std::uint64_t*>(object) = 3;
            handed_over_.store(object, memory_order_release);
        } else if (index == 1) {
            auto* const object =
                static_cast<std::uint64_t*>(handed_over_.load(memory_order_acquire));
            if (object == nullptr) return;
            *object = 4;
            const Place place = prove(arenas_, object, Misuse::kDoubleFree);
            expect(place.bytes == 2 * kSliceBytes, "the size of a run");
            expect(free_run(arenas_, place.slab), "a live run is not known");
        } else {
            const SliceRange range = arenas_.claim(1, 1);
            use_slices(range, 5);
            arenas_.release(range.arena, range.first, range.count);
        }
    }
    void check() override {
        auto* const object = handed_over_.load(memory_order_relaxed);
        Slab* const run = slab_line_of(reinterpret_cast<std::uintptr_t>(object));
        if (run->use.load(memory_order_relaxed) == SliceUse::kRun) free_run(arenas_, run);
        arenas_.trim();
        expect(bytes_mapped() == 0, "slices of a run are left");
    }
};
const Registration<HandOverRun> over_two("run_hand_over", 2, "a run made here and freed there");
const Registration<HandOverRun> over_three("run_hand_over", 3, "and another claims slices");

}  // namespace
}  // namespace emma::explore

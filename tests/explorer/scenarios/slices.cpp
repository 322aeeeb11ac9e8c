// SPDX-License-Identifier: MIT OR Apache-2.0
// Slices: claiming some, claiming exactly these, releasing, purging, growing the arena, in every
// combination that two or three threads can be in.
#include "tests/explorer/scenarios/arenas.h"

namespace emma::explore {
namespace {

class Claims : public Scenario {
    OwnArena own_;
    bool got_[kMaxThreads] = {};

    void set_up() override {}
    void run_thread(unsigned index) override {
        if (index == 0) got_[0] = own_.claim_and_use(2, 5);
        if (index == 1) got_[1] = own_.claim_exactly_and_use(2, 2, 6);
        if (index == 2) got_[2] = own_.claim_and_use(1, 7);
    }
    void check() override {
        expect(own_.free() == own_.present(), "a slice was lost");
        expect(got_[0] || got_[1], "both claims failed");
    }
};
const Registration<Claims> claims_two("slices", 2, "claim against claim_exactly and release");
const Registration<Claims> claims_three("slices", 3, "claims of one, of two and of exactly these");

// A claimant finds what it claims clean or not, and purged or not, as it is.
class PurgeAndClaim : public Scenario {
    OwnArena own_;
    void set_up() override { own_.claim_and_use(3, 1); }
    void run_thread(unsigned index) override {
        if (index == 0) own_.arena->purge(own_.pages, ~std::uint64_t{0});
        if (index == 1) own_.claim_and_use(2, 5);
        if (index == 2) own_.claim_and_use(1, 6);
    }
    void check() override {
        expect(own_.free() == own_.present(), "a slice was lost");
        expect((own_.clean() & ~own_.present()) == 0, "a slice that is not there is clean");
        for (unsigned slice = 1; slice < 4; ++slice)
            expect((own_.clean() >> slice & 1) == 0 ||
                       *reinterpret_cast<std::uint64_t*>(own_.arena->slice_addr(slice)) == 0,
                   "a clean slice is not zero");
    }
};
const Registration<PurgeAndClaim> purge_two("purge", 2, "purge against claim, use and release");
const Registration<PurgeAndClaim> purge_three("purge", 3, "purge against two claims");

// Two purges at once, and a claim.
class PurgeTwice : public Scenario {
    OwnArena own_;
    void set_up() override { own_.claim_and_use(3, 1); }
    void run_thread(unsigned index) override {
        if (index < 2) own_.arena->purge(own_.pages, ~std::uint64_t{0});
        if (index == 2) own_.claim_and_use(2, 6);
    }
    void check() override { expect(own_.free() == own_.present(), "a slice was lost"); }
};
const Registration<PurgeTwice> purges_two("purge_twice", 2, "purge against purge");
const Registration<PurgeTwice> purges_three("purge_twice", 3, "purge against purge and claim");

// Threads that need more than there is: they grow the arena, and claim what came of it.
template <bool kRefused, bool kTaken>
class Grow : public Scenario {
    OwnArena own_{2};
    bool got_[kMaxThreads] = {};

    void set_up() override {
        if (kRefused) limit_source(kTaken ? 0 : 1, kTaken);
    }
    void run_thread(unsigned index) override {
        const unsigned count = index == 1 ? 2 : 1;
        got_[index] = own_.claim_and_use(count, 5 + index);
        if (got_[index] || index == 2) return;
        own_.arena->grow(own_.pages, count);
        got_[index] = own_.claim_and_use(count, 15 + index);
    }
    void check() override {
        expect(own_.free() == own_.present(), "a slice was lost");
        const auto mapped = count_bits(own_.present()) + 1;
        expect(mapped * kSliceBytes == bytes_mapped(), "the arena and the source disagree");
        const std::uint32_t mark = own_.arena->head.mark.load(memory_order_relaxed);
        expect(mark > kSlicesPerArena || mark >= mapped, "the mark lies before a mapped slice");
        expect(kRefused || mark == mapped, "the mark went astray");
    }
};
const Registration<Grow<false, false>> grow_two("grow", 2, "grow against grow and claim");
const Registration<Grow<false, false>> grow_three("grow", 3, "and another claims");
const Registration<Grow<true, false>> refused_two("grow_refused", 2,
                                                  "the second growth is refused");
const Registration<Grow<true, false>> refused_three("grow_refused", 3, "and another claims");
const Registration<Grow<true, true>> taken_two("grow_taken", 2, "the window's rest is taken");

}  // namespace
}  // namespace emma::explore

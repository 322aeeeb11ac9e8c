// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/arena_pool.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <vector>

#include "tests/unit/test_source.h"

using namespace emma;

TEST_CASE("the first arena starts small and is filled before a second one is made") {
    test::TestSource test;
    ArenaPool pool(test.source());
    REQUIRE(pool.claim(1, 1).ok());
    CHECK(pool.pages().mapped_bytes() == 4 * kSliceBytes);
    CHECK(test.maps.made == 1);
    Arena* first = nullptr;
    pool.for_each([&](Arena& arena) { first = &arena; });
    for (unsigned i = 1; i < kSlicesPerArena - 1; ++i) REQUIRE(pool.claim(1, 1).arena == first);
    CHECK(pool.pages().mapped_bytes() == kArenaBytes);
    const SliceRange next = pool.claim(1, 1);
    CHECK(next.arena != first);
    CHECK(next.arena->head.place == first->head.place + 1);
    CHECK(pool.pages().mapped_bytes() == 2 * kArenaBytes);
    CHECK(pool.arena_around(first->slice_addr(63) + 5) == first);
    CHECK(pool.arena_around(next.arena->addr()) == next.arena);
    CHECK(pool.arena_around(0x12345678) == nullptr);
}

TEST_CASE("released slices of an old arena are found again") {
    test::TestSource test;
    ArenaPool pool(test.source());
    std::vector<SliceRange> claimed;
    for (int i = 0; i < 63 * 5; ++i) claimed.push_back(pool.claim(1, 1));
    const std::size_t mapped = pool.pages().mapped_bytes();
    pool.release(claimed[10].arena, claimed[10].first, 1);
    const SliceRange again = pool.claim(1, 1);
    CHECK(again.arena == claimed[10].arena);
    CHECK(again.first == claimed[10].first);
    CHECK(pool.pages().mapped_bytes() == mapped);
}

TEST_CASE("the longest claim and the widest alignment") {
    test::TestSource test;
    ArenaPool pool(test.source());
    CHECK(pool.claim(63, 1).ok());
    CHECK(pool.claim(32, 32).first == 32);
    CHECK(pool.claim(1, 32).first == 32);
}

TEST_CASE("at every refused call: no memory, then all is as before, and it works again") {
    for (std::size_t nth = 0; nth < 12; ++nth) {
        test::TestSource test;
        ArenaPool pool(test.source());
        test.maps.refuse_from = nth;
        std::size_t claims = 0;
        while (claims < 200 && pool.claim(3, 1).ok()) ++claims;
        CHECK(pool.pages().mapped_bytes() == test.mapped_bytes);
        if (claims < 200) CHECK_FALSE(pool.claim(3, 1).ok());
        test.maps.refuse_from = test::TestSource::kNever;
        CHECK(pool.claim(3, 1).ok());
        CHECK(pool.pages().mapped_bytes() == test.mapped_bytes);
    }
}

TEST_CASE("a new arena takes less where a whole one is refused") {
    test::TestSource test;
    ArenaPool pool(test.source());
    for (int i = 0; i < 63; ++i) REQUIRE(pool.claim(1, 1).ok());
    test.maps.refuse_from = test.maps.made;
    test.maps.refuse_count = 1;
    CHECK(pool.claim(5, 1).ok());
    CHECK(pool.pages().mapped_bytes() == kArenaBytes + 6 * kSliceBytes);
    CHECK(pool.pages().mapped_peak_bytes() == pool.pages().mapped_bytes());
}

namespace {

// Calls `hook` in every call of a kind, on top of a TestSource.
struct HookedSource {
    test::TestSource test;
    PageSource source = test.source();
    std::function<void()> on_extend = [] {};
    std::function<void()> on_unmap = [] {};
    bool refuses_whole_arenas = false;

    HookedSource() {
        source.context = this;
        source.map = [](void* context, std::size_t bytes, std::size_t alignment,
                        std::uintptr_t base) -> void* {
            if (self(context).refuses_whole_arenas && bytes == kArenaBytes) return nullptr;
            return below(context).map(&self(context).test, bytes, alignment, base);
        };
        source.extend = [](void* context, std::uintptr_t addr, std::size_t bytes) {
            self(context).on_extend();
            return below(context).extend(&self(context).test, addr, bytes);
        };
        source.unmap = [](void* context, void* pages, std::size_t bytes) {
            self(context).on_unmap();
            return below(context).unmap(&self(context).test, pages, bytes);
        };
        source.purge = [](void* context, void* pages, std::size_t bytes) {
            return below(context).purge(&self(context).test, pages, bytes);
        };
    }
    static HookedSource& self(void* context) { return *static_cast<HookedSource*>(context); }
    static const PageSource& below(void* context) { return self(context).test.source(); }
};

std::size_t arena_count(const ArenaPool& pool) {
    std::size_t count = 0;
    pool.for_each([&](Arena&) { ++count; });
    return count;
}

std::size_t dirty_slices(const ArenaPool& pool) {
    std::size_t count = 0;
    pool.for_each([&](Arena& arena) { count += count_bits(arena.dirty_slices()); });
    return count;
}

void claim_many(ArenaPool& pool, std::vector<SliceRange>& claimed, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        claimed.push_back(pool.claim(1, 1));
        REQUIRE(claimed.back().ok());
    }
}
void release_all(ArenaPool& pool, std::vector<SliceRange>& claimed) {
    for (const SliceRange& range : claimed) pool.release(range.arena, range.first, range.count);
    claimed.clear();
}

}  // namespace

TEST_CASE("a trim has one arena at stake at a time, whichever call it is stopped in") {
    HookedSource hooked;
    ArenaPool pool(hooked.source);
    std::vector<SliceRange> claimed;
    claim_many(pool, claimed, 63 * 100);
    release_all(pool, claimed);
    std::size_t gone = 0;
    hooked.on_unmap = [&] { CHECK(arena_count(pool) + 1 + gone++ == 100); };
    CHECK(pool.trim() == 100 * kArenaBytes);
    CHECK(gone == 100);
    CHECK(arena_count(pool) == 0);
    CHECK(hooked.test.mapped_bytes == pool.pages().mapped_bytes());
    // Refused, an arena is back in its place before the next one is taken.
    claim_many(pool, claimed, 63 * 20);
    release_all(pool, claimed);
    hooked.on_unmap = [&] { CHECK(arena_count(pool) == 19); };
    hooked.test.unmaps.refuse_from = 0;
    (void)pool.trim();
    CHECK(arena_count(pool) == 20);
    hooked.test.serve();
    hooked.on_unmap = [] {};
    CHECK(pool.trim() == 20 * kArenaBytes);
}

TEST_CASE("a trim beside a claim leaves only the arena that the claim looks at") {
    HookedSource hooked;
    ArenaPool pool(hooked.source);
    std::vector<SliceRange> claimed;
    claim_many(pool, claimed, 1);  // the first arena is short, and grows when more is claimed
    const SliceRange kept = claimed.front();
    bool is_first = true;
    hooked.on_extend = [&] {
        if (!is_first) return;
        is_first = false;
        claim_many(pool, claimed, 63 * 30);  // by a signal handler, say
        release_all(pool, claimed);
        (void)pool.trim();
        CHECK(arena_count(pool) == 1);
        CHECK(kept.arena == pool.arena_around(kept.arena->addr()));
    };
    const SliceRange range = pool.claim(10, 1);
    CHECK(range.ok());
    pool.release(range.arena, range.first, range.count);
    (void)pool.trim();
    CHECK(arena_count(pool) == 0);
}

TEST_CASE("what is free goes back by itself, however often a peak comes") {
    test::TestSource test;
    ArenaPool pool(test.source());
    std::vector<SliceRange> claimed;
    for (int peak = 0; peak < 20; ++peak) {
        claim_many(pool, claimed, 5000);
        release_all(pool, claimed);
        CHECK(dirty_slices(pool) <= 800);
    }
}

TEST_CASE("a program that goes on with less gives a peak back") {
    test::TestSource test;
    ArenaPool pool(test.source());
    std::vector<SliceRange> claimed, steady;
    claim_many(pool, steady, 200);
    for (int peak = 0; peak < 3; ++peak) {
        claim_many(pool, claimed, 3000);
        release_all(pool, claimed);
    }
    // Twice the turnovers from one look to the next.
    for (int round = 0; round < 20; ++round) {
        release_all(pool, steady);
        claim_many(pool, steady, 200);
    }
    CHECK(dirty_slices(pool) <= 256 + 2 * 200);
    // And from now on it purges nothing.
    const std::size_t purged = test.purged_bytes;
    for (int round = 0; round < 100; ++round) {
        release_all(pool, steady);
        claim_many(pool, steady, 200);
    }
    CHECK(test.purged_bytes == purged);
}

// ---- searches with a bound

namespace {

constexpr unsigned kMany = 200;  // arenas: more than thrice what a claim tries before it makes one

// An arena each, of which a claim of so many slices leaves no room for another.
std::vector<SliceRange> claim_arenas(ArenaPool& pool, unsigned count, unsigned slices) {
    std::vector<SliceRange> claimed;
    while (claimed.size() < count) {
        claimed.push_back(pool.claim(slices, 1));
        REQUIRE(claimed.back().ok());
    }
    REQUIRE(arena_count(pool) == count);
    return claimed;
}
void release(ArenaPool& pool, const SliceRange& range) {
    pool.release(range.arena, range.first, range.count);
}
std::uint64_t next_random(std::uint64_t& state) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

}  // namespace

TEST_CASE("a claim tries so many arenas, however many there are") {
    // Arenas that cannot grow yet: each that is tried asks the source for more.
    HookedSource hooked;
    hooked.refuses_whole_arenas = true;
    ArenaPool pool(hooked.source);
    std::size_t asked = 0, most = 0;
    hooked.on_extend = [&] {
        ++asked;
        hooked.test.maps.refuse_from = hooked.test.maps.made;
        hooked.test.maps.refuse_count = 1;
    };
    for (unsigned i = 0; i < 1000; ++i) {
        asked = 0;
        REQUIRE(pool.claim(34, 1).ok());
        if (asked > most) most = asked;
    }
    CHECK(arena_count(pool) == 1000);
    // From 34 slices on down to 1, in six steps.
    CHECK(most <= (32 + 1 + 32) * 6);
}

TEST_CASE("no claim fails while a slice is free") {
    test::TestSource test;
    ArenaPool pool(test.source());
    std::vector<SliceRange> claimed = claim_arenas(pool, kMany, 60);
    test.maps.refuse_from = test.maps.made;
    CHECK_FALSE(pool.claim(34, 1).ok());
    // Each place together with another: only one of them was released last, and the oldest arenas
    // have free slices, but too few.
    for (unsigned i = 0; i < kMany; ++i) {
        const unsigned other = (i * 7 + 3) % kMany;
        release(pool, claimed[i]);
        if (other != i) {
            release(pool, claimed[other]);
            REQUIRE((claimed[other] = pool.claim(60, 1)).ok());
        }
        REQUIRE((claimed[i] = pool.claim(60, 1)).ok());
        CHECK_FALSE(pool.claim(34, 1).ok());
    }
}

TEST_CASE("with few arenas no room is passed over") {
    test::TestSource test;
    ArenaPool pool(test.source());
    std::vector<SliceRange> claimed = claim_arenas(pool, 33, 34);
    for (unsigned i = 0; i < 33; ++i) {
        release(pool, claimed[i]);
        release(pool, claimed[(i + 5) % 33]);
        claimed[i] = pool.claim(34, 1);
        claimed[(i + 5) % 33] = pool.claim(34, 1);
        // The older one first.
        CHECK(claimed[i].arena->head.place < claimed[(i + 5) % 33].arena->head.place);
    }
    CHECK(arena_count(pool) == 33);
}

TEST_CASE("random replacement in many arenas leaves few of them without use") {
    test::TestSource test;
    ArenaPool pool(test.source());
    std::vector<SliceRange> claimed = claim_arenas(pool, 400, 34);
    std::uint64_t random = 88172645463325252;
    for (unsigned batch : {1u, 10u, 50u, 3u}) {
        for (unsigned round = 0; round < 20000 / batch; ++round) {
            for (unsigned i = 0; i < batch; ++i) {
                std::swap(claimed[next_random(random) % claimed.size()], claimed.back());
                release(pool, claimed.back());
                claimed.pop_back();
            }
            for (unsigned i = 0; i < batch; ++i) claimed.push_back(pool.claim(34, 1));
        }
        MESSAGE(batch, " at a time: ", arena_count(pool), " arenas for 400");
        CHECK(arena_count(pool) <= 420);
    }
}

TEST_CASE("a new arena takes the lowest place that a trim has left") {
    test::TestSource test;
    ArenaPool pool(test.source());
    std::vector<SliceRange> claimed = claim_arenas(pool, kMany, 63);
    for (unsigned i = 0; i < kMany; ++i)
        if (i % 3 != 0) release(pool, claimed[i]);
    (void)pool.trim();
    std::uint32_t before = 0;
    for (unsigned i = 0; i < kMany; ++i) {
        if (i % 3 == 0) continue;
        claimed[i] = pool.claim(63, 1);
        CHECK(claimed[i].arena->head.place == i);
        CHECK(claimed[i].arena->head.place > before);
        before = claimed[i].arena->head.place;
    }
    CHECK(pool.claim(63, 1).arena->head.place == kMany);
}

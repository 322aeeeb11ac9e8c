// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/arena_pool.h"

#include <doctest/doctest.h>

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

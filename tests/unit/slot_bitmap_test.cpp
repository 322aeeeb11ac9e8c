// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/slot_bitmap.h"

#include <doctest/doctest.h>

using namespace emma;

TEST_CASE("count_bits agrees with the standard library") {
    std::uint64_t word = 1;
    for (int i = 0; i < 10000; ++i) {
        word = word * 6364136223846793005 + 1442695040888963407;
        REQUIRE(count_bits(word) == static_cast<unsigned>(std::popcount(word)));
        REQUIRE(count_bits(word >> (i % 64)) ==
                static_cast<unsigned>(std::popcount(word >> (i % 64))));
    }
}

TEST_CASE("fill_free marks exactly the slots there are, whatever the row held") {
    for (unsigned count : {1u, 2u, 63u, 64u, 65u, 127u, 128u, 1365u, 3584u}) {
        constexpr unsigned kWords = 56;
        BitmapWord row[kWords];
        fill_free(row, count);
        CHECK(count_free(row, count) == count);
        const unsigned last = count - 1;
        CHECK((row[last / 64].load(memory_order_relaxed) >> (last % 64)) == 1);
        for (unsigned word = word_count_for(count); word < kWords; ++word)
            CHECK(row[word].load(memory_order_relaxed) == 0);
    }
}

TEST_CASE("a slot's word and bit") {
    CHECK(word_index_of(SlotIndex(0)) == 0);
    CHECK(word_index_of(SlotIndex(64)) == 1);
    CHECK(bit_of(SlotIndex(65)) == 2);
    CHECK(low_bits(1) == 1);
    CHECK(low_bits(64) == ~std::uint64_t{0});
    CHECK(lowest_bit(0x10) == 4);
}

TEST_CASE("are_free looks at all bits of a range and at no other") {
    BitmapWord row[3];
    for (unsigned first = 0; first < 192; ++first) {
        for (unsigned last = first; last < 192; last += 7) {
            for (unsigned live : {0u, first - 1, first, (first + last) / 2, last, last + 1, 191u}) {
                if (live >= 192) continue;
                fill_free(row, 192);
                BitmapWord& word = row[live / 64];
                word.store(word.load(memory_order_relaxed) & ~bit_of(SlotIndex(live)),
                           memory_order_relaxed);
                REQUIRE(are_free(row, first, last) == (live < first || live > last));
            }
        }
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/arena_table.h"

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "tests/unit/test_source.h"

using namespace emma;

namespace {
constexpr std::uintptr_t addr_of(std::size_t i) { return (i + 1) * kSliceBytes * 7; }
}  // namespace

TEST_CASE("what was inserted is found until it is removed, through many tables") {
    test::TestSource test;
    Pages pages(test.source());
    auto table = std::make_unique<ArenaTable>();
    constexpr std::size_t kCount = 20000;
    for (std::size_t i = 0; i < kCount; ++i)
        REQUIRE(table->insert(pages, addr_of(i), 4096 * (i + 1)));
    CHECK(pages.mapped_bytes() == test.mapped_bytes);
    for (std::size_t i = 0; i < kCount; ++i) {
        REQUIRE(table->bytes_at(addr_of(i)) == 4096 * (i + 1));
        REQUIRE(table->bytes_at(addr_of(i) + kSliceBytes) == 0);
    }
    std::set<std::uintptr_t> seen;
    table->for_each([&](std::uintptr_t addr, std::size_t) { seen.insert(addr); });
    CHECK(seen.size() == kCount);
    for (std::size_t i = 0; i < kCount; i += 2) {
        const ArenaTable::Removal removal = table->begin_removal(addr_of(i));
        REQUIRE(removal.bytes == 4096 * (i + 1));
        REQUIRE(table->begin_removal(addr_of(i)).bytes == 0);
        REQUIRE(table->bytes_at(addr_of(i)) == 0);
        table->end_removal(removal, true);
        REQUIRE(table->was_removed(addr_of(i)));
    }
    for (std::size_t i = 1; i < kCount; i += 2) REQUIRE(table->bytes_at(addr_of(i)) != 0);
    const std::size_t before = test.mapped_bytes;
    for (std::size_t i = 0; i < kCount; i += 2) REQUIRE(table->insert(pages, addr_of(i), 1));
    CHECK(test.mapped_bytes == before);  // removed entries are used again
}

TEST_CASE("nothing is found in an empty table, at null least of all") {
    auto table = std::make_unique<ArenaTable>();
    CHECK(table->bytes_at(0) == 0);
    CHECK(table->begin_removal(0).bytes == 0);
    CHECK(table->bytes_at(kSliceBytes) == 0);
    CHECK_FALSE(table->was_removed(kSliceBytes));
}

TEST_CASE("a table that cannot grow refuses and keeps what it has") {
    test::TestSource test;
    Pages pages(test.source());
    test.maps.refuse_from = 0;
    auto table = std::make_unique<ArenaTable>();
    std::size_t count = 0;
    while (table->insert(pages, addr_of(count), 4096)) ++count;
    CHECK(count >= 8);
    for (std::size_t i = 0; i < count; ++i) CHECK(table->bytes_at(addr_of(i)) == 4096);
    CHECK(table->bytes_at(addr_of(count)) == 0);
    test.maps.refuse_from = test::TestSource::kNever;
    CHECK(table->insert(pages, addr_of(count), 4096));
}

TEST_CASE("a cancelled removal leaves the entry known, a failed unmap is tried again") {
    test::TestSource test;
    Pages pages(test.source());
    auto table = std::make_unique<ArenaTable>();
    REQUIRE(table->insert(pages, addr_of(0), 8192));
    ArenaTable::Removal removal = table->begin_removal(addr_of(0));
    REQUIRE(removal.bytes == 8192);
    table->cancel_removal(removal, 4096);
    CHECK(table->bytes_at(addr_of(0)) == 4096);
    removal = table->begin_removal(addr_of(0));
    REQUIRE(removal.bytes == 4096);
    table->end_removal(removal, false);
    CHECK(table->was_removed(addr_of(0)));
    int tries = 0;
    for (bool gone : {false, true, true})
        table->retry_unmapping([&](std::uintptr_t addr, std::size_t bytes) {
            CHECK(addr == addr_of(0));
            CHECK(bytes == 4096);
            ++tries;
            return gone;
        });
    CHECK(tries == 2);
}

TEST_CASE("pages that come again while their address is being forgotten are another entry's") {
    test::TestSource test;
    Pages pages(test.source());
    auto table = std::make_unique<ArenaTable>();
    REQUIRE(table->insert(pages, addr_of(0), 4096));
    const ArenaTable::Removal slow = table->begin_removal(addr_of(0));
    REQUIRE(table->insert(pages, addr_of(0), 8192));
    const ArenaTable::Removal quick = table->begin_removal(addr_of(0));
    CHECK(quick.bytes == 8192);
    table->end_removal(quick, true);
    REQUIRE(table->insert(pages, addr_of(0), 12288));
    table->end_removal(slow, true);
    CHECK(table->bytes_at(addr_of(0)) == 12288);
    const ArenaTable::Removal last = table->begin_removal(addr_of(0));
    table->cancel_removal(last, 4096);
    CHECK(table->bytes_at(addr_of(0)) == 4096);
}

TEST_CASE("of several removers of one entry exactly one wins") {
    test::TestSource test;
    Pages pages(test.source());
    auto table = std::make_unique<ArenaTable>();
    constexpr std::size_t kCount = 2000;
    for (std::size_t i = 0; i < kCount; ++i) REQUIRE(table->insert(pages, addr_of(i), 4096));
    std::atomic<std::size_t> wins{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&] {
            for (std::size_t i = 0; i < kCount; ++i)
                if (const auto removal = table->begin_removal(addr_of(i)); removal.bytes != 0) {
                    wins.fetch_add(1);
                    table->end_removal(removal, true);
                }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(wins == kCount);
}

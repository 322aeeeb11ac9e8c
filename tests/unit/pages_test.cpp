// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/pages.h"

#include <doctest/doctest.h>

#include <cstring>

#include "core/config.h"
#include "core/large.h"
#include "tests/unit/test_source.h"

using namespace emma;

namespace {

constexpr std::size_t kBytes = std::size_t{6} << 20;

// Huge objects of an arena pool over the system's pages, as only those are cached.
struct Fixture {
    ~Fixture() {
        (void)pool.trim();
        CHECK(pool.pages().mapped_bytes() == 0);
    }
    std::uintptr_t map(std::size_t bytes, std::size_t alignment = kArenaBytes) {
        void* const pages = pool.pages().map(bytes, alignment);
        REQUIRE(pages != nullptr);
        const auto addr = reinterpret_cast<std::uintptr_t>(pages);
        REQUIRE(pool.table().insert(pool.pages(), addr, bytes));
        return addr;
    }
    void cache(std::uintptr_t addr) { pool.cache(pool.table().begin_removal(addr), addr); }
    std::uintptr_t take(std::size_t bytes, std::size_t alignment = kArenaBytes) {
        return reinterpret_cast<std::uintptr_t>(pool.take_cached(bytes, alignment));
    }
    void unmap(std::uintptr_t addr) {
        const ArenaTable::Removal removal = pool.table().begin_removal(addr);
        pool.table().end_removal(removal,
                                 pool.pages().unmap(reinterpret_cast<void*>(addr), removal.bytes));
    }
    ArenaPool pool;
};

}  // namespace

TEST_CASE("a cached mapping is given to what is at most a third smaller") {
    Fixture f;
    CHECK(f.take(kBytes) == 0);
    const std::uintptr_t first = f.map(kBytes);
    f.cache(first);
    CHECK(f.pool.table().bytes_at(first) == 0);
    CHECK(f.pool.pages().mapped_bytes() == kBytes);
    CHECK(f.take(kBytes + kPageBytes) == 0);
    CHECK(f.take(kBytes / 4 * 3 - kPageBytes) == 0);
    CHECK(f.take(kBytes / 4 * 3) == first);
    CHECK(f.pool.table().bytes_at(first) == kBytes);
    CHECK(f.take(kBytes) == 0);
    f.unmap(first);
}

TEST_CASE("the cache respects alignment, and holds the last two, the newest first") {
    Fixture f;
    constexpr std::size_t kAlignment = std::size_t{1} << 24;
    const std::uintptr_t aligned = f.map(kBytes, kAlignment);
    const std::uintptr_t second = f.map(kBytes);
    const std::uintptr_t between = f.map(kArenaBytes);
    const std::uintptr_t third = f.map(kBytes);
    f.unmap(between);
    REQUIRE((second % kAlignment != 0 && third % kAlignment != 0));  // behind 8 and 20 MiB
    f.cache(second);
    CHECK(f.take(kBytes, kAlignment) == 0);
    f.cache(aligned);
    f.cache(third);
    CHECK(f.pool.pages().mapped_bytes() == 2 * kBytes);  // the oldest had to go
    CHECK(f.take(kBytes, kAlignment) == aligned);
    f.cache(aligned);
    CHECK(f.take(kBytes) == aligned);
    CHECK(f.take(kBytes) == third);
    CHECK(f.take(kBytes) == 0);
    f.cache(aligned);
    f.cache(third);
    CHECK(f.pool.drop_cached() == 2 * kBytes);
    CHECK(f.pool.pages().mapped_bytes() == 0);
}

// Not the pages themselves, which stale pointers lead to.
TEST_CASE("what is believed of a cached mapping does not lie in it") {
    Fixture f;
    const std::uintptr_t addr = f.map(kBytes);
    std::memset(reinterpret_cast<void*>(addr), 0x5a, kBytes);
    f.cache(addr);
    const auto* const bytes = reinterpret_cast<const unsigned char*>(addr);
    CHECK(bytes[0] == 0x5a);
    CHECK(std::memcmp(bytes, bytes + 1, kBytes - 1) == 0);
    std::memset(reinterpret_cast<void*>(addr), 0xff, kBytes);
    CHECK(f.take(kBytes) == addr);
    CHECK(f.pool.table().bytes_at(addr) == kBytes);
    f.cache(addr);
    std::memset(reinterpret_cast<void*>(addr), 0, kBytes);
    CHECK(f.pool.trim() == kBytes);
    CHECK(f.take(kBytes) == 0);
}

TEST_CASE("a cached mapping that the source refuses to take back is tried again") {
    test::TestSource test;
    ArenaPool pool(test.source());
    const LargeObject object = allocate_large(pool, kBytes, 16);
    const auto addr = reinterpret_cast<std::uintptr_t>(object.start);
    pool.cache(pool.table().begin_removal(addr), addr);
    test.unmaps.refuse_from = 0;
    CHECK(pool.drop_cached() == 0);
    CHECK(pool.pages().mapped_bytes() == kBytes);
    CHECK(pool.take_cached(kBytes, 16) == nullptr);
    test.serve();
    CHECK(pool.trim() == kBytes);
    CHECK(test.mapped_bytes == 0);
}

// Otherwise nothing puts one there.
TEST_CASE("where memory is short what is cached goes first" * doctest::skip(!kForSpeed)) {
    test::TestSource test;
    ArenaPool pool(test.source());
    for (const std::size_t bytes : {2 * kBytes, std::size_t{100000}}) {
        const auto addr = reinterpret_cast<std::uintptr_t>(allocate_large(pool, kBytes, 16).start);
        pool.cache(pool.table().begin_removal(addr), addr);
        test.maps.refuse_from = test.maps.made;
        test.maps.refuse_count = 1;
        CHECK(allocate_large(pool, bytes, 16).start != nullptr);
        test.serve();
        CHECK(pool.table().bytes_at(addr) == 0);
        CHECK(pool.take_cached(kBytes, 16) == nullptr);
    }
}

TEST_CASE("a huge object that is freed serves the next, which is not taken for zeroed" *
          doctest::skip(!kForSpeed)) {
    ArenaPool pool;
    constexpr std::size_t kHuge = std::size_t{6} << 20;
    const LargeObject first = allocate_large(pool, kHuge, 16);
    REQUIRE(first.start != nullptr);
    CHECK(first.zeroed);
    std::memset(first.start, 1, kHuge);
    CHECK(free_huge(pool, reinterpret_cast<std::uintptr_t>(first.start)));
    CHECK_FALSE(free_huge(pool, reinterpret_cast<std::uintptr_t>(first.start)));
    const LargeObject second = allocate_large(pool, kHuge - 100000, 16);
    CHECK(second.start == first.start);
    CHECK_FALSE(second.zeroed);
    const auto addr = reinterpret_cast<std::uintptr_t>(second.start);
    CHECK(pool.table().bytes_at(addr) == kHuge);
    CHECK(free_huge(pool, addr));
    CHECK(pool.trim() == kHuge);
    CHECK(pool.pages().mapped_bytes() == 0);

    // Larger than what is kept.
    const LargeObject large = allocate_large(pool, 4 * kHuge, 16);
    REQUIRE(large.start != nullptr);
    CHECK(free_huge(pool, reinterpret_cast<std::uintptr_t>(large.start)));
    CHECK(pool.pages().mapped_bytes() == 0);
}

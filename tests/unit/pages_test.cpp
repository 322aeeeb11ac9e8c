// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/pages.h"

#include <doctest/doctest.h>

#include <cstring>

#include "core/config.h"
#include "core/large.h"
#include "tests/unit/test_source.h"

using namespace emma;

namespace {
constexpr std::size_t kBytes = 12 * kPageBytes;
}  // namespace

TEST_CASE("a cached mapping is given to what is at most a third smaller") {
    test::TestSource test;
    Pages pages(test.source());
    std::size_t bytes = kBytes;
    CHECK(pages.take_cached(bytes, kPageBytes) == nullptr);
    void* const first = pages.map(kBytes, kPageBytes);
    pages.unmap_or_cache(first, kBytes);
    CHECK(pages.mapped_bytes() == kBytes);

    bytes = kBytes + kPageBytes;
    CHECK(pages.take_cached(bytes, kPageBytes) == nullptr);
    bytes = kBytes / 4 * 3 - kPageBytes;
    CHECK(pages.take_cached(bytes, kPageBytes) == nullptr);
    bytes = kBytes / 4 * 3;
    CHECK(pages.take_cached(bytes, kPageBytes) == first);
    CHECK(bytes == kBytes);
    bytes = kBytes;
    CHECK(pages.take_cached(bytes, kPageBytes) == nullptr);
    CHECK(pages.unmap(first, kBytes));
}

TEST_CASE("the cache respects alignment, and holds the last two, the newest first") {
    test::TestSource test;
    Pages pages(test.source());
    constexpr std::size_t kAlignment = std::size_t{1} << 24;
    auto* const aligned = static_cast<unsigned char*>(pages.map(3 * kBytes, kAlignment));
    void* const second = aligned + kBytes;
    void* const third = aligned + 2 * kBytes;
    pages.unmap_or_cache(second, kBytes);
    std::size_t bytes = kBytes;
    CHECK(pages.take_cached(bytes, kAlignment) == nullptr);
    pages.unmap_or_cache(aligned, kBytes);
    pages.unmap_or_cache(third, kBytes);
    CHECK(pages.mapped_bytes() == 2 * kBytes);  // the oldest had to go
    CHECK(pages.take_cached(bytes, kAlignment) == aligned);
    CHECK(bytes == kBytes);
    pages.unmap_or_cache(aligned, kBytes);
    CHECK(pages.take_cached(bytes, kPageBytes) == aligned);
    CHECK(pages.take_cached(bytes, kPageBytes) == third);
    CHECK(pages.take_cached(bytes, kPageBytes) == nullptr);
    pages.unmap_or_cache(aligned, kBytes);
    pages.unmap_or_cache(third, kBytes);
    CHECK(pages.retry_unmapping() == 2 * kBytes);
    CHECK(pages.mapped_bytes() == 0);
    CHECK(test.mapped_bytes == 0);
}

TEST_CASE("a cached mapping that the source refuses to take back is kept and tried again") {
    test::TestSource test;
    Pages pages(test.source());
    pages.unmap_or_cache(pages.map(kBytes, kPageBytes), kBytes);
    test.unmaps.refuse_from = 0;
    CHECK(pages.retry_unmapping() == 0);
    CHECK(pages.mapped_bytes() == kBytes);
    test.serve();
    CHECK(pages.retry_unmapping() == kBytes);
    CHECK(test.mapped_bytes == 0);
}

// Otherwise nothing puts one there.
TEST_CASE("where memory is short what is cached goes first" * doctest::skip(!kForSpeed)) {
    test::TestSource test;
    Pages pages(test.source());
    pages.unmap_or_cache(pages.map(kBytes, kPageBytes), kBytes);
    test.maps.refuse_from = test.maps.made;
    test.maps.refuse_count = 1;
    void* const fresh = pages.map(kBytes, kPageBytes);
    CHECK(fresh != nullptr);
    CHECK(pages.mapped_bytes() == kBytes);
    CHECK(pages.unmap(fresh, kBytes));
}

// Through the system's pages, as only they are cached.
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

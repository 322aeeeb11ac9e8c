// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/large.h"

#include <doctest/doctest.h>

#include <cstring>
#include <memory>

#include "core/region.h"
#include "tests/unit/test_source.h"

using namespace emma;

namespace {
std::uintptr_t addr_of(const LargeObject& object) {
    return reinterpret_cast<std::uintptr_t>(object.start);
}
Slab* run_of(const LargeObject& object) { return slab_line_of(addr_of(object)); }
}  // namespace

TEST_CASE("runs: whole slices, reused, zero only while fresh") {
    test::TestSource test;
    ArenaPool pool(test.source());
    const LargeObject run = allocate_large(pool, 200000, 16);
    REQUIRE(run.start != nullptr);
    CHECK(run.zeroed);
    CHECK(slab_or_run_bytes(run_of(run)) == 4 * kSliceBytes);
    std::memset(run.start, 1, 200000);
    CHECK(free_run(pool, run_of(run)));
    CHECK_FALSE(free_run(pool, run_of(run)));
    const LargeObject again = allocate_large(pool, 4 * kSliceBytes, 16);
    CHECK(again.start == run.start);
    CHECK_FALSE(again.zeroed);
}

TEST_CASE("runs resize in place into free slices and give back what they shrink by") {
    test::TestSource test;
    ArenaPool pool(test.source());
    const LargeObject run = allocate_large(pool, kDefaultShape.run_max_bytes(), 16);
    Slab* const slab = run_of(run);
    CHECK(resize_run(pool, slab, 3 * kSliceBytes));
    CHECK(slab_or_run_bytes(slab) == 3 * kSliceBytes);
    CHECK(resize_run(pool, slab, 10 * kSliceBytes));
    const LargeObject neighbour = allocate_large(pool, 3 * kSliceBytes, 16);
    REQUIRE(addr_of(neighbour) == addr_of(run) + 10 * kSliceBytes);
    CHECK_FALSE(resize_run(pool, slab, 11 * kSliceBytes));
    CHECK(slab_or_run_bytes(slab) == 10 * kSliceBytes);
    CHECK_FALSE(resize_run(pool, slab, kDefaultShape.run_max_bytes() + 1));
}

TEST_CASE("alignments from a slice to 64 GiB") {
    test::TestSource test;
    ArenaPool pool(test.source());
    for (std::size_t alignment = kSliceBytes; alignment <= std::size_t{1} << 36; alignment *= 2) {
        const LargeObject object = allocate_large(pool, 5000, alignment);
        const LargeObject empty = allocate_large(pool, 0, alignment);
        REQUIRE(object.start != nullptr);
        REQUIRE(empty.start != nullptr);
        CHECK(empty.start != object.start);
        CHECK(addr_of(object) % alignment == 0);
        CHECK(addr_of(empty) % alignment == 0);
        static_cast<char*>(object.start)[4999] = 1;
        if (pool.arena_around(addr_of(object)) != nullptr)
            CHECK(free_run(pool, run_of(object)));
        else
            CHECK(free_huge(pool, addr_of(object)));
    }
}

TEST_CASE("huge objects map what they need and give it all back") {
    test::TestSource test;
    ArenaPool pool(test.source());
    const LargeObject object = allocate_large(pool, kDefaultShape.run_max_bytes() + 1, 16);
    REQUIRE(object.start != nullptr);
    CHECK(object.zeroed);
    CHECK(test.mapped_bytes == kDefaultShape.run_max_bytes() + kPageBytes);
    CHECK(free_huge(pool, addr_of(object)));
    CHECK_FALSE(free_huge(pool, addr_of(object)));
    CHECK(test.mapped_bytes == 0);
    CHECK(pool.pages().mapped_bytes() == 0);
}

TEST_CASE("huge objects resize without copying, in place or by moving their pages") {
    for (bool offer_move : {true, false}) {
        test::TestSource test;
        if (!offer_move) test.resizes.refuse_from = test.moves.refuse_from = 0;
        ArenaPool pool(test.source());
        const LargeObject object = allocate_large(pool, 10 << 20, 16);
        const LargeObject fence = allocate_large(pool, 10 << 20, 16);
        REQUIRE(fence.start != nullptr);
        auto* const bytes = static_cast<unsigned char*>(object.start);
        bytes[0] = 1;
        bytes[(10 << 20) - 1] = 2;
        auto* const grown =
            static_cast<unsigned char*>(resize_huge(pool, addr_of(object), 16, 30 << 20));
        if (!offer_move) {
            CHECK(grown == nullptr);
            CHECK(pool.table().bytes_at(addr_of(object)) == 10 << 20);
            continue;
        }
        REQUIRE(grown != nullptr);
        CHECK(grown[0] == 1);
        CHECK(grown[(10 << 20) - 1] == 2);
        CHECK(grown[(30 << 20) - 1] == 0);
        const auto grown_addr = reinterpret_cast<std::uintptr_t>(grown);
        CHECK(pool.table().bytes_at(grown_addr) == 30 << 20);
        CHECK(resize_huge(pool, grown_addr, 16, 5 << 20) == grown);
        CHECK(pool.table().bytes_at(grown_addr) == 5 << 20);
        CHECK(free_huge(pool, grown_addr));
        CHECK(free_huge(pool, addr_of(fence)));
        CHECK(test.mapped_bytes == 0);
    }
}

TEST_CASE("a huge object at the start of a region has the base of an arena, and does not move") {
    const std::size_t bytes = std::size_t{4} << 20;
    const std::unique_ptr<unsigned char[]> memory(new unsigned char[bytes]);
    Region* const region = Region::make(memory.get(), bytes, 0, Region::Fresh::kUnknown);
    const PageSource source = region->source();
    ArenaPool pool(source);
    const LargeObject object = allocate_large(pool, 145024, 16);
    REQUIRE(addr_of(object) == region->origin());
    REQUIRE(allocate_large(pool, 145024, 16).start != nullptr);
    const std::size_t mapped = pool.pages().mapped_bytes();
    CHECK(resize_huge(pool, addr_of(object), 16, 379904) == nullptr);
    CHECK(pool.pages().mapped_bytes() == mapped);
    CHECK(region->taken_bytes() == mapped);
}

TEST_CASE("a huge object whose unmapping fails is free, and a trim gives its pages back") {
    test::TestSource test;
    ArenaPool pool(test.source());
    const LargeObject object = allocate_large(pool, 8 << 20, 16);
    test.unmaps.refuse_from = 0;
    CHECK(free_huge(pool, addr_of(object)));
    CHECK_FALSE(free_huge(pool, addr_of(object)));
    CHECK(pool.trim() == 0);
    CHECK(test.mapped_bytes == 8 << 20);
    test.serve();
    CHECK(pool.trim() == 8 << 20);
    CHECK(test.mapped_bytes == 0);
    CHECK(pool.pages().mapped_bytes() == 0);
}

TEST_CASE("where no arena can be had a run becomes a huge object, and at last nothing") {
    test::TestSource test;
    ArenaPool pool(test.source());
    test.maps.refuse_from = 0;
    test.maps.refuse_count = 1;
    const LargeObject object = allocate_large(pool, kDefaultShape.run_max_bytes(), 16);
    CHECK(object.start != nullptr);
    test.maps.refuse_count = test::TestSource::kNever;
    CHECK(allocate_large(pool, kMaxRequestBytes, 16).start == nullptr);
    test.maps.refuse_from = test::TestSource::kNever;
    CHECK(allocate_large(pool, kMaxRequestBytes, 16).start == nullptr);
    CHECK(allocate_large(pool, 1, std::size_t{1} << 62).start == nullptr);
}

namespace {
// Pages of the system that were never taken back, as a source of its own knows them.
void keep_spare(ArenaPool& pool, void* pages, std::size_t bytes) {
    pool.keep_spare(pages, bytes);
    CHECK(pool.table().spare_bytes_at(reinterpret_cast<std::uintptr_t>(pages)) == bytes);
}
}  // namespace

TEST_CASE("spare pages are cut where they fit best, joined where nothing fits, and zero") {
    test::TestSource test;
    ArenaPool pool(test.source());
    constexpr std::size_t kAll = 64 * kSliceBytes;
    const PageSource& source = test.source();
    auto* const all = static_cast<char*>(source.map(source.context, kAll, kSliceBytes, 0));
    REQUIRE(all != nullptr);
    std::memset(all, 1, kAll);
    const auto at = [&](std::size_t slice) { return all + slice * kSliceBytes; };
    keep_spare(pool, at(0), 10 * kSliceBytes);
    keep_spare(pool, at(20), 3 * kSliceBytes);
    keep_spare(pool, at(30), 3 * kSliceBytes);
    CHECK(pool.pages().mapped_bytes() == 16 * kSliceBytes);
    // The shortest, the lowest of those, at its end.
    auto* const first = static_cast<char*>(pool.take_spare(2 * kSliceBytes, kPageBytes, 0));
    CHECK(first == at(21));
    CHECK(std::memcmp(first, "\0\0\0", 3) == 0);
    CHECK(first[2 * kSliceBytes - 1] == 0);
    CHECK(pool.pages().mapped_bytes() == 14 * kSliceBytes);
    CHECK(pool.take_spare(kSliceBytes, kPageBytes, 0) == at(20));
    CHECK(pool.take_spare(3 * kSliceBytes, kPageBytes, 0) == at(30));
    CHECK(pool.take_spare(11 * kSliceBytes, kPageBytes, 0) == nullptr);
    // What an alignment leaves behind the pages is spare, too.
    CHECK(pool.take_spare(kPageBytes, kSliceBytes, 0) == at(9));
    CHECK(pool.take_spare(kSliceBytes - kPageBytes, kPageBytes, 0) == at(9) + kPageBytes);
    // Joined, in either order.
    keep_spare(pool, at(9), kSliceBytes);
    keep_spare(pool, at(10), 4 * kSliceBytes);
    CHECK(pool.take_spare(15 * kSliceBytes, kPageBytes, 0) == nullptr);
    CHECK(pool.take_spare(14 * kSliceBytes, kPageBytes, 0) == at(0));
    CHECK(pool.pages().mapped_bytes() == 0);
    CHECK(pool.take_spare(kPageBytes, kPageBytes, 0) == nullptr);
}

TEST_CASE("pages whose cutting needs a table that cannot grow stay spare") {
    test::TestSource test;
    ArenaPool pool(test.source());
    const PageSource& source = test.source();
    auto* const all = static_cast<char*>(source.map(source.context, 4 << 20, 4 << 20, 0));
    keep_spare(pool, all, 4 << 20);
    test.maps.refuse_from = 0;
    // Fills the table.
    std::uintptr_t other = reinterpret_cast<std::uintptr_t>(all);
    for (unsigned i = 0; i < 100; ++i)
        (void)pool.table().insert(pool.pages(), other += 4 << 20, kPageBytes);
    CHECK(pool.take_spare(kPageBytes, kSliceBytes, 0) == nullptr);
    CHECK(pool.table().spare_bytes_at(reinterpret_cast<std::uintptr_t>(all)) == 4 << 20);
    CHECK(pool.take_spare(kPageBytes, kPageBytes, 0) == all + (4 << 20) - kPageBytes);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// No linear overflow of any object over the system's pages reaches what the allocator reads:
// between an object's end and the next page of metadata there is a page that is not mapped.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include "core/audit.h"
#include "core/instance.h"
#include "core/region.h"
#include "tests/unit/test_source.h"

namespace emma {
struct StatisticsInspector {
    static const ArenaList& list_of(const ArenaPool& arenas) { return arenas.list_; }
};
}  // namespace emma

using namespace emma;

namespace {

struct Extent {
    std::uintptr_t first;
    std::uintptr_t end;
};

// What is mapped, neighbours as one.
std::vector<Extent> mapped_extents() {
    std::vector<Extent> extents;
    std::FILE* const maps = std::fopen("/proc/self/maps", "r");
    REQUIRE(maps != nullptr);
    unsigned long first = 0, end = 0;
    while (std::fscanf(maps, "%lx-%lx%*[^\n]", &first, &end) == 2) {
        if (!extents.empty() && extents.back().end == first)
            extents.back().end = end;
        else
            extents.push_back({first, end});
    }
    std::fclose(maps);
    return extents;
}

// An instance over the system's pages with so many objects of each kind that everything of it is
// there: arenas, chunks of their list, tables, heaps.
struct Crowd {
    Crowd() {
        std::vector<ThreadHeap*> held;
        for (int i = 0; i < 12; ++i)
            held.push_back(instance->heaps.acquire(test::fresh_name().holder(), instance->arenas));
        for (const std::size_t bytes :
             {4096u, 130u << 10, 300u << 10, 4194304u - 65536u, 4u << 20, 5u << 20, 8u << 20})
            for (std::size_t i = 0; i < (bytes < 65536        ? 16000u
                                         : bytes > (5u << 20) ? 150u
                                                              : 40u);
                 ++i)
                add(bytes);
        for (std::size_t bytes = 16; bytes <= 70000; bytes += bytes / 7 / 16 * 16 + 16) add(bytes);
        for (ThreadHeap* heap : held) HeapPool::release(heap);
    }
    ~Crowd() { instance->unmap_all(); }
    void add(std::size_t bytes) {
        void* const object = instance->allocate(bytes, 16, Contents::kAny);
        REQUIRE(object != nullptr);
        objects.push_back({object, instance->usable_bytes(object)});
    }
    // Where the allocator reads, sorted.
    std::vector<std::uintptr_t> metadata() {
        std::vector<std::uintptr_t> pages;
        const auto note = [&](void* page, std::size_t) {
            pages.push_back(reinterpret_cast<std::uintptr_t>(page));
        };
        const ArenaGuard guard(instance->arenas);
        instance->arenas.for_each([&](Arena& arena) { note(&arena, 0); });
        arena_count = pages.size();
        instance->arenas.table().for_each_mapping(note);
        StatisticsInspector::list_of(instance->arenas).for_each_mapping(note);
        instance->heaps.for_each([&](ThreadHeap* heap) { note(heap, 0); });
        std::sort(pages.begin(), pages.end());
        return pages;
    }
    struct Object {
        void* start;
        std::size_t bytes;
    };
    std::unique_ptr<Instance> instance{new Instance(kSystemPages)};
    std::vector<Object> objects;
    std::size_t arena_count = 0;
};

}  // namespace

TEST_CASE("between an object and any metadata there is a page that is not mapped") {
    Crowd crowd;
    const std::vector<std::uintptr_t> metadata = crowd.metadata();
    CHECK(crowd.arena_count > 50);
    CHECK(metadata.size() > crowd.arena_count + 10);
    const std::vector<Extent> extents = mapped_extents();
    for (const Crowd::Object& object : crowd.objects) {
        const auto start = reinterpret_cast<std::uintptr_t>(object.start);
        const auto extent = std::lower_bound(
            extents.begin(), extents.end(), start,
            [](const Extent& one, std::uintptr_t addr) { return one.end <= addr; });
        REQUIRE((extent != extents.end() && extent->first <= start &&
                 extent->end >= start + object.bytes));
        const auto next = std::lower_bound(metadata.begin(), metadata.end(), extent->first);
        CHECK((next == metadata.end() || *next >= extent->end));
    }
}

// The kernel makes a huge page only of pages in one mapping that are 2 MiB and aligned. Bound: in
// an arena that never grew beyond its first mapping an underflow of 4,480 bytes reaches the header.
TEST_CASE("no huge page holds a header and objects, from an arena's first mapping on") {
    Instance* const instance = new Instance(kSystemPages);
    void* const first = instance->allocate(100, 16, Contents::kAny);
    const std::uintptr_t arena = arena_addr_of(reinterpret_cast<std::uintptr_t>(first));
    const auto extent_of = [](std::uintptr_t addr) {
        for (const Extent& extent : mapped_extents())
            if (extent.first <= addr && addr < extent.end) return extent;
        return Extent{};
    };
    CHECK(extent_of(arena).end == arena + kShortArenaBytes);
    for (int i = 0; i < 8; ++i) REQUIRE(instance->allocate(200000, 16, Contents::kAny) != nullptr);
    CHECK(extent_of(arena).end == arena + kHeaderBytes);
    CHECK(extent_of(arena + kSliceBytes).first == arena + kSliceBytes);
    instance->unmap_all();
    CHECK(extent_of(arena).end == 0);
    delete instance;
}

TEST_CASE("arenas and the rest lie in zones of their own, wherever the cursors are") {
    for (int round = 0; round < 200; ++round) {
        if (round % 20 == 0)  // as if the zone were at its end
            for (unsigned zone = 0; zone < kZoneCount; ++zone)
                g_zone_cursors[zone].store(~std::uintptr_t{0} >> 17, memory_order_relaxed);
        void* const arena =
            kSystemPages.map(kSystemPages.context, kArenaBytes, kArenaBytes, kSystemPages.origin);
        void* const huge = kSystemPages.map(kSystemPages.context, 2 * kArenaBytes, kArenaBytes, 0);
        void* const page = kSystemPages.map(kSystemPages.context, kPageBytes, kPageBytes, 0);
        const auto zone_of = [](void* pages) {
            const auto tib = reinterpret_cast<std::uintptr_t>(pages) >> 40;
            return tib < 17 || tib >= 38 ? kZoneCount
                   : tib < 24            ? kArenaZone
                   : tib < 31            ? kHugeZone
                                         : kMetadataZone;
        };
        CHECK(zone_of(arena) == kArenaZone);
        CHECK(reinterpret_cast<std::uintptr_t>(arena) % (2 * kArenaBytes) == 0);
        CHECK(zone_of(huge) == kHugeZone);
        CHECK(zone_of(page) == kMetadataZone);
        CHECK(kSystemPages.unmap(kSystemPages.context, arena, kArenaBytes));
        CHECK(kSystemPages.unmap(kSystemPages.context, huge, 2 * kArenaBytes));
        CHECK(kSystemPages.unmap(kSystemPages.context, page, kPageBytes));
    }
}

TEST_CASE("no request sets a cursor to an address that can be known") {
    std::set<std::uintptr_t> addrs;
    for (int round = 0; round < 100; ++round) {
        for (const std::size_t bytes : {std::size_t{1} << 62, std::size_t{7} << 40,
                                        std::size_t{3} << 40, (std::size_t{7} << 40) - kArenaBytes})
            if (void* const pages = kSystemPages.map(kSystemPages.context, bytes, kArenaBytes, 0))
                CHECK(kSystemPages.unmap(kSystemPages.context, pages, bytes));
        void* const huge = kSystemPages.map(kSystemPages.context, kArenaBytes, kArenaBytes, 0);
        REQUIRE(huge != nullptr);
        addrs.insert(reinterpret_cast<std::uintptr_t>(huge));
        CHECK(kSystemPages.unmap(kSystemPages.context, huge, kArenaBytes));
    }
    CHECK(addrs.size() > 90);
}

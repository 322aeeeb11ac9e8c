// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/arena.h"

#include <doctest/doctest.h>

#include "arch/linux/memory.h"
#include "tests/unit/test_source.h"

using namespace emma;

namespace {

struct MappedArena {
    explicit MappedArena(unsigned slices) {
        void* const fresh = pages.map(slices * kSliceBytes, kArenaBytes);
        REQUIRE(fresh != nullptr);
        arena = Arena::make(fresh, slices, kDefaultShape);
    }
    ~MappedArena() { (void)arch::unmap(arena, kArenaBytes); }
    test::TestSource test;
    Pages pages{test.source()};
    Arena* arena;
};

}  // namespace

TEST_CASE("slices are claimed lowest first, whole and aligned, and can be claimed again") {
    MappedArena mapped(kSlicesPerArena);
    Arena& arena = *mapped.arena;
    const SliceRange one = arena.claim(1, 1);
    REQUIRE(one.ok());
    CHECK(one.first == 1);
    CHECK(one.clean);
    const SliceRange four = arena.claim(4, 4);
    CHECK(four.first == 4);
    const SliceRange two = arena.claim(2, 1);
    CHECK(two.first == 2);
    const SliceRange half = arena.claim(32, 32);
    CHECK(half.first == 32);
    CHECK_FALSE(arena.claim(32, 1).ok());
    CHECK(arena.claim(24, 1).first == 8);
    CHECK_FALSE(arena.claim(1, 1).ok());
    arena.release(32, 32);
    const SliceRange again = arena.claim(32, 1);
    CHECK(again.first == 32);
    CHECK_FALSE(again.clean);
}

TEST_CASE("every length at every start") {
    MappedArena mapped(kSlicesPerArena);
    Arena& arena = *mapped.arena;
    for (unsigned count = 1; count < kSlicesPerArena; ++count) {
        REQUIRE(arena.claim(count, 1).first == 1);
        for (unsigned first = 1; first <= kSlicesPerArena; ++first) {
            const bool expected = first > count && first + count <= kSlicesPerArena;
            REQUIRE(arena.claim_exactly(first, count) == expected);
            if (expected) arena.release(first, count);
        }
        arena.release(1, count);
    }
    CHECK_FALSE(arena.claim(kSlicesPerArena, 1).ok());
}

TEST_CASE("an arena grows in place by doubling until its window is full") {
    MappedArena mapped(4);
    Arena& arena = *mapped.arena;
    CHECK(arena.claim(3, 1).ok());
    CHECK_FALSE(arena.claim(1, 1).ok());
    std::size_t total = 4;
    for (std::size_t expected : {4, 8, 16, 32}) {
        CHECK(arena.grow(mapped.pages, 1) == expected * kSliceBytes);
        total += expected;
        CHECK(arena.head.mark.load(memory_order_relaxed) == total);
    }
    CHECK(arena.grow(mapped.pages, 1) == 0);
    const SliceRange fresh = arena.claim(60, 1);
    CHECK(fresh.first == 4);
    CHECK(fresh.clean);
}

TEST_CASE("growth that is refused takes less, and can be repeated") {
    MappedArena mapped(16);
    mapped.test.maps.refuse_from = mapped.test.maps.made;
    mapped.test.maps.refuse_count = 2;
    CHECK(mapped.arena->grow(mapped.pages, 1) == 4 * kSliceBytes);
    mapped.test.maps.refuse_from = mapped.test.maps.made;
    mapped.test.maps.refuse_count = test::TestSource::kNever;
    CHECK(mapped.arena->grow(mapped.pages, 1) == 0);
    CHECK(mapped.arena->head.mark.load(memory_order_relaxed) == 20);
    mapped.test.maps.refuse_count = 0;
    CHECK(mapped.arena->grow(mapped.pages, 1) == 20 * kSliceBytes);
}

namespace {

// The first extension is refused, but not before another thread has grown the arena past it.
struct OvertakenSource {
    Arena* arena;
    const PageSource* system;
    bool is_first = true;

    static Extension extend(void* context, std::uintptr_t addr, std::size_t bytes) {
        auto* const self = static_cast<OvertakenSource*>(context);
        if (!self->is_first) return self->system->extend(self->system->context, addr, bytes);
        self->is_first = false;
        Pages pages(*self->system);
        CHECK(self->arena->grow(pages, 1) == 8 * kSliceBytes);
        return Extension::kRefused;
    }
};

}  // namespace

TEST_CASE("a refused growth that was overtaken leaves a gap, and the arena can be closed") {
    MappedArena mapped(4);
    OvertakenSource overtaken{mapped.arena, &mapped.test.source()};
    PageSource source = mapped.test.source();
    source.extend = OvertakenSource::extend;
    source.context = &overtaken;
    Pages pages(source);
    CHECK(mapped.arena->grow(pages, 1) == 0);
    const std::uint64_t present = range_bits(1, 3) | range_bits(8, 8);
    CHECK(mapped.arena->head.present_slices.load(memory_order_relaxed) == present);
    CHECK(mapped.arena->close());
    mapped.arena->reopen();
    CHECK_FALSE(mapped.arena->can_grow());
    CHECK(mapped.arena->claim(8, 1).first == 8);
}

TEST_CASE("an arena stops growing before a foreign mapping and leaves it alone") {
    MappedArena mapped(4);
    const std::uintptr_t foreign = mapped.arena->slice_addr(7);
    REQUIRE(arch::map_at(foreign, kSliceBytes, arch::kProtReadWrite).ok());
    *reinterpret_cast<int*>(foreign) = 42;
    std::size_t grown = 0;
    while (const std::size_t bytes = mapped.arena->grow(mapped.pages, 1)) grown += bytes;
    CHECK(grown == 3 * kSliceBytes);
    const std::size_t calls = mapped.test.maps.made;
    CHECK(mapped.arena->grow(mapped.pages, 1) == 0);
    CHECK(mapped.test.maps.made == calls);  // it does not ask again
    CHECK(mapped.arena->claim(6, 1).ok());
    CHECK_FALSE(mapped.arena->claim(1, 1).ok());
    CHECK(*reinterpret_cast<int*>(foreign) == 42);
}

TEST_CASE("descriptor arithmetic") {
    MappedArena mapped(kSlicesPerArena);
    for (unsigned slice = 1; slice < kSlicesPerArena; ++slice) {
        Slab* const slab = &mapped.arena->slab(slice);
        CHECK(slice_of(slab) == slice);
        slab->free_words = mapped.arena->free_words(slice);
        CHECK(arena_of(slab) == mapped.arena);
        CHECK(start_of(slab) == mapped.arena->slice_addr(slice));
        CHECK(slab_line_of(start_of(slab)) == slab);
        CHECK(slab_line_of(start_of(slab) + kSliceBytes - 1) == slab);
        CHECK(freed_words_of(slab) ==
              mapped.arena->free_words(slice) + freed_distance_for(kBitmapWords));
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/region.h"

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "core/instance.h"

using namespace emma;

namespace {

struct Memory {
    explicit Memory(std::size_t bytes) : bytes(new unsigned char[bytes]), size(bytes) {
        std::memset(this->bytes.get(), 0xa5, bytes);
    }
    std::unique_ptr<unsigned char[]> bytes;
    std::size_t size;
};

std::uintptr_t addr_of(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

bool is_zero(const void* pages, std::size_t bytes) {
    const auto* const p = static_cast<const unsigned char*>(pages);
    return p[0] == 0 && std::memcmp(p, p + 1, bytes - 1) == 0;
}

}  // namespace

TEST_CASE("the shapes hold their headers, and the compact one all of its slots") {
    for (const Shape* shape : {&kDefaultShape, &kRegionShape, &kCompactShape}) {
        const std::size_t header =
            kSlicesPerArena * sizeof(Slab) +
            (shape->freed_distance + (kSlicesPerArena - 1) * shape->bitmap_words) *
                sizeof(BitmapWord);
        CHECK(header <= shape->header_slices * shape->slice_bytes());
        CHECK(shape->first_slices > shape->header_slices);
    }
    for (unsigned index = 0; index < kSizeClassCount; ++index) {
        const std::size_t slot_bytes = slot_bytes_of(index);
        if (slot_bytes > kCompactShape.slab_max_bytes) break;
        const unsigned slices = kCompactShape.classes->of[index].slice_count;
        CAPTURE(slot_bytes);
        const std::size_t slab_bytes = slices * kCompactShape.slice_bytes();
        CHECK(slab_bytes <= 65536);  // so that a slot's index is exact
        CHECK(kCompactShape.slot_count_for(slot_bytes, slices) == slab_bytes / slot_bytes);
        CHECK((slab_bytes % slot_bytes) * 12 <= slab_bytes);
    }
}

TEST_CASE("what is too small holds no region, at any address") {
    Memory memory(1 << 20);
    for (std::size_t offset = 0; offset < 8192; offset += 113)
        for (std::size_t bytes = 0; bytes < 40000; bytes += 997) {
            Region* const region =
                Region::make(memory.bytes.get() + offset, bytes, 5000, Region::Fresh::kUnknown);
            if (region == nullptr) {
                CHECK(bytes < 5000 + 3 * kPageBytes);
                continue;
            }
            CHECK(bytes > 5000 + kPageBytes);
            CHECK(addr_of(region) + sizeof(Region) <= addr_of(memory.bytes.get()) + offset + bytes);
            CHECK(Region::of_owner(region->owner_room(), 5000) == region);
            CHECK(is_zero(region->owner_room(), 5000));
            void* const page = region->take(kPageBytes, kPageBytes, 0);
            REQUIRE(page != nullptr);
            CHECK(addr_of(page) >= addr_of(memory.bytes.get()) + offset);
            CHECK(addr_of(page) + kPageBytes <= addr_of(region->owner_room()));
        }
    CHECK(Region::make(reinterpret_cast<void*>(~std::uintptr_t{0} - 100000), 200000, 0,
                       Region::Fresh::kUnknown) == nullptr);
    // Of such an address more than 48 bits would have to be kept.
    for (const std::uintptr_t addr : {std::uintptr_t{1} << 47, (std::uintptr_t{1} << 47) - 100000})
        CHECK(Region::make(reinterpret_cast<void*>(addr), 200000, 0, Region::Fresh::kUnknown) ==
              nullptr);
}

TEST_CASE("pages are zero, aligned, distinct, and can be had again") {
    Memory memory(1 << 20);
    Region* const region =
        Region::make(memory.bytes.get(), memory.size, 0, Region::Fresh::kUnknown);
    REQUIRE(region != nullptr);
    const std::size_t all = region->free_bytes();
    std::mt19937 random(1);
    struct Piece {
        unsigned char* pages;
        std::size_t bytes;
        unsigned char mark;
    };
    std::vector<Piece> pieces;
    for (int step = 0; step < 20000; ++step) {
        if (pieces.empty() || random() % 2 == 0) {
            const std::size_t bytes = (1 + random() % 30) * kPageBytes;
            const std::size_t alignment = kPageBytes << random() % 6;
            void* const pages = region->take(bytes, alignment, 0);
            if (pages == nullptr) continue;
            REQUIRE(addr_of(pages) % alignment == 0);
            REQUIRE(is_zero(pages, bytes));
            pieces.push_back(
                {static_cast<unsigned char*>(pages), bytes, static_cast<unsigned char>(step | 1)});
            std::memset(pages, pieces.back().mark, bytes);
            continue;
        }
        std::swap(pieces[random() % pieces.size()], pieces.back());
        const Piece piece = pieces.back();
        pieces.pop_back();
        REQUIRE(piece.pages[0] == piece.mark);
        REQUIRE(std::memcmp(piece.pages, piece.pages + 1, piece.bytes - 1) == 0);
        region->give(addr_of(piece.pages), piece.bytes);
    }
    for (const Piece& piece : pieces) region->give(addr_of(piece.pages), piece.bytes);
    CHECK(region->free_bytes() == all);
    CHECK(region->take(all, kPageBytes, 0) != nullptr);
    CHECK(region->take(kPageBytes, kPageBytes, 0) == nullptr);
}

TEST_CASE("short pieces come from the end, all others from the start") {
    Memory memory(std::size_t{1} << 20);
    Region* const region =
        Region::make(memory.bytes.get(), memory.size, 0, Region::Fresh::kUnknown);
    REQUIRE(region != nullptr);
    const auto take = [&](std::size_t bytes, std::size_t alignment) {
        return addr_of(region->take(bytes, alignment, 0));
    };
    const std::uintptr_t long_one = take(kSliceBytes, kPageBytes);
    const std::uintptr_t short_one = take(kPageBytes, kPageBytes);
    const std::uintptr_t aligned_one = take(kPageBytes, kSliceBytes);
    const std::uintptr_t last_short = take(kSliceBytes - kPageBytes, kSliceBytes / 2);
    CHECK(long_one == region->origin());
    CHECK(short_one > long_one + memory.size / 2);
    CHECK(aligned_one < long_one + memory.size / 2);
    CHECK(last_short > long_one + memory.size / 2);
}

TEST_CASE("exact pages, growing in place, impossible sizes and alignments") {
    Memory memory(1 << 20);
    Region* const region =
        Region::make(memory.bytes.get(), memory.size, 0, Region::Fresh::kUnknown);
    const std::uintptr_t addr = addr_of(region->take(kSliceBytes, kPageBytes, 0));
    CHECK(region->resize(addr, kSliceBytes, kPageBytes));
    CHECK(region->take_exactly(addr + kPageBytes, 3 * kPageBytes));
    CHECK_FALSE(region->take_exactly(addr + 3 * kPageBytes, 2 * kPageBytes));
    CHECK(region->resize(addr, kPageBytes * 4, kPageBytes * 100));
    CHECK_FALSE(region->resize(addr, kPageBytes * 100, kPageBytes * 1000));
    CHECK(region->resize(addr, kPageBytes * 100, kPageBytes));
    CHECK(region->take_exactly(addr + kPageBytes, kPageBytes * 99));
    CHECK_FALSE(region->take_exactly(addr - kPageBytes, kPageBytes));
    CHECK(region->take(~std::size_t{0} - 4095, kPageBytes, 0) == nullptr);
    CHECK(region->take(kPageBytes, std::size_t{1} << 63, 0) == nullptr);
    CHECK(region->contains(addr));
    CHECK_FALSE(region->contains(addr_of(region)));
    CHECK_FALSE(region->contains(addr - 1));
}

TEST_CASE("memory known to be zero is not written before it is used") {
    Memory memory(1 << 20);
    std::memset(memory.bytes.get(), 0, memory.size);
    Region* const region = Region::make(memory.bytes.get(), memory.size, 0, Region::Fresh::kZeroed);
    auto* const pages = static_cast<unsigned char*>(region->take(16 * kPageBytes, kPageBytes, 0));
    std::memset(pages, 1, 8 * kPageBytes);
    region->give(addr_of(pages), 16 * kPageBytes);
    void* const again = region->take(16 * kPageBytes, kPageBytes, 0);
    CHECK(again == pages);
    CHECK(is_zero(again, 16 * kPageBytes));
    // A page that was never given back is taken for zero: this one is not.
    pages[20 * kPageBytes] = 7;
    auto* const behind = static_cast<unsigned char*>(region->take(16 * kPageBytes, kPageBytes, 0));
    CHECK(behind == pages + 16 * kPageBytes);
    CHECK(pages[20 * kPageBytes] == 7);
    // Short pieces come from the end.
    void* const last = region->take(2 * kPageBytes, kPageBytes, 0);
    CHECK(last > behind + 100 * kPageBytes);
    CHECK(region->take(kPageBytes, kPageBytes, 0) < last);
}

TEST_CASE("threads take and give: every page has one holder at a time") {
    Memory memory(1 << 20);
    Region* const region =
        Region::make(memory.bytes.get(), memory.size, 0, Region::Fresh::kUnknown);
    const std::size_t all = region->free_bytes();
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (unsigned t = 1; t <= 4; ++t)
        threads.emplace_back([&, t] {
            std::mt19937 random(t);
            for (int i = 0; i < 20000; ++i) {
                const std::size_t bytes = (1 + random() % 80) * kPageBytes;
                auto* const pages =
                    static_cast<unsigned char*>(region->take(bytes, kPageBytes << random() % 3, 0));
                if (pages == nullptr) continue;
                for (std::size_t at = 0; at < bytes; at += kPageBytes)
                    pages[at] = static_cast<unsigned char>(t);
                for (std::size_t at = 0; at < bytes; at += kPageBytes) wrong += pages[at] != t;
                region->give(addr_of(pages), bytes);
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(region->free_bytes() == all);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/page_source.h"

#include <doctest/doctest.h>

#include <vector>

#include "core/layout.h"

using namespace emma;

TEST_CASE("mappings are zeroed, aligned and of exactly the size asked for") {
    for (std::size_t alignment = kPageBytes; alignment <= std::size_t{1} << 32; alignment *= 4)
        for (std::size_t bytes :
             {kPageBytes, kSliceBytes, 3 * kSliceBytes, kArenaBytes + kPageBytes}) {
            auto* const pages =
                static_cast<char*>(kSystemPages.map(kSystemPages.context, bytes, alignment, 0));
            REQUIRE(pages != nullptr);
            const auto addr = reinterpret_cast<std::uintptr_t>(pages);
            CHECK(addr % alignment == 0);
            CHECK(pages[0] == 0);
            CHECK(pages[bytes - 1] == 0);
            pages[bytes - 1] = 1;
            CHECK(kSystemPages.extend(kSystemPages.context, addr, kPageBytes) == Extension::kTaken);
            // Only what asks for the alignment of a window has one of its own to grow in.
            if (alignment >= kArenaBytes) {
                CHECK(kSystemPages.extend(kSystemPages.context, addr + bytes, kPageBytes) ==
                      Extension::kDone);
                CHECK(kSystemPages.unmap(kSystemPages.context, pages + bytes, kPageBytes));
            }
            CHECK(kSystemPages.unmap(kSystemPages.context, pages, bytes));
        }
}

TEST_CASE("what cannot be mapped is refused") {
    CHECK(kSystemPages.map(kSystemPages.context, std::size_t{1} << 48, kPageBytes, 0) == nullptr);
    CHECK(kSystemPages.map(kSystemPages.context, std::size_t{1} << 62, kArenaBytes, 0) == nullptr);
    CHECK(kSystemPages.map(kSystemPages.context, kPageBytes, std::size_t{1} << 62, 0) == nullptr);
    CHECK(kSystemPages.map(kSystemPages.context, ~std::size_t{0} - kPageBytes + 1, kArenaBytes,
                           0) == nullptr);
    CHECK_FALSE(kSystemPages.unmap(kSystemPages.context, reinterpret_cast<void*>(1), kPageBytes));
}

TEST_CASE("pages move without being copied") {
    auto* const from =
        static_cast<char*>(kSystemPages.map(kSystemPages.context, kSliceBytes, kSliceBytes, 0));
    auto* const to =
        static_cast<char*>(kSystemPages.map(kSystemPages.context, 4 * kSliceBytes, kSliceBytes,
                                            reinterpret_cast<std::uintptr_t>(from)));
    from[0] = 1;
    from[kSliceBytes - 1] = 2;
    REQUIRE(kSystemPages.resize(kSystemPages.context, from, kSliceBytes, to, 4 * kSliceBytes));
    CHECK(to[0] == 1);
    CHECK(to[kSliceBytes - 1] == 2);
    CHECK(to[kSliceBytes] == 0);
    CHECK(to[4 * kSliceBytes - 1] == 0);
    CHECK(kSystemPages.resize(kSystemPages.context, to, 4 * kSliceBytes, to, kSliceBytes));
    CHECK(kSystemPages.unmap(kSystemPages.context, to, kSliceBytes));
}

TEST_CASE("a window is left free behind each mapping, for growth in place") {
    std::vector<void*> mappings;
    for (int i = 0; i < 50; ++i) {
        void* const pages = kSystemPages.map(kSystemPages.context, kSliceBytes, kArenaBytes, 0);
        REQUIRE(pages != nullptr);
        mappings.push_back(pages);
    }
    for (void* pages : mappings) {
        const std::uintptr_t behind = reinterpret_cast<std::uintptr_t>(pages) + kSliceBytes;
        CHECK(kSystemPages.extend(kSystemPages.context, behind, kArenaBytes - kSliceBytes) ==
              Extension::kDone);
        CHECK(kSystemPages.unmap(kSystemPages.context, pages, kArenaBytes));
    }
}

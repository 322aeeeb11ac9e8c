// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/size_class.h"

#include "core/shape.h"

#include <doctest/doctest.h>

#include "core/slab.h"

using namespace emma;

TEST_CASE("every request up to 128 KiB gets the least class that holds it") {
    for (std::size_t bytes = 0; bytes <= kMediumMaxBytes; ++bytes) {
        const unsigned index = raw(size_class_for(bytes));
        REQUIRE(index < kSizeClassCount);
        REQUIRE(slot_bytes_of(index) >= bytes);
        if (index > 0) REQUIRE(slot_bytes_of(index - 1) < (bytes == 0 ? 1 : bytes));
    }
}

TEST_CASE("classes ascend in multiples of 16, and none wastes more than a fifth beyond 128 bytes") {
    for (unsigned index = 1; index < kSizeClassCount; ++index) {
        const std::size_t here = slot_bytes_of(index), before = slot_bytes_of(index - 1);
        CHECK(here > before);
        CHECK(here % kMinAlignment == 0);
        if (before >= 128) CHECK((here - before) * 5 <= here);
    }
}

TEST_CASE("the geometry fits the arena's bitmaps and wastes little of a slab") {
    for (unsigned index = 0; index < kSizeClassCount; ++index) {
        const ClassGeometry shape = geometry(SizeClass(static_cast<std::uint8_t>(index)));
        const std::size_t slot_bytes = shape.slot_bytes;
        const std::size_t slab_bytes = shape.slice_count * kSliceBytes;
        const unsigned slots = kDefaultShape.slot_count_for(slot_bytes, shape.slice_count);
        CAPTURE(slot_bytes);
        CHECK(slot_bytes == slot_bytes_of(index));
        CHECK(slots >= 1);
        CHECK(slots <=
              (slot_bytes <= kSmallMaxBytes ? kDefaultShape.bitmap_words * 64 : kMediumMaxSlots));
        CHECK(slots * slot_bytes <= slab_bytes);
        CHECK((slab_bytes - slots * slot_bytes) * 8 <= slab_bytes);
        if (slot_bytes > 32 * 1024) CHECK((slab_bytes - slots * slot_bytes) * 30 <= slab_bytes);
    }
}

TEST_CASE("the reciprocal finds exactly the offsets at which a slot starts") {
    for (unsigned index = 0; index < kSizeClassCount; ++index) {
        const auto size_class = SizeClass(static_cast<std::uint8_t>(index));
        const ClassGeometry shape = geometry(size_class);
        const std::size_t slot_bytes = shape.slot_bytes;
        Slab slab{};
        slab.size_class = size_class;
        slab.reciprocal = reciprocal_for(slot_bytes);
        slab.slot_count =
            static_cast<std::uint16_t>(kDefaultShape.slot_count_for(slot_bytes, shape.slice_count));
        slab.last_rest = rest_for(slot_bytes, slab.slot_count - 1u);
        // Every byte of a small slab; of a medium one every 15th.
        const std::size_t step = slot_bytes <= kSmallMaxBytes ? 1 : 15;
        for (std::size_t offset = 0; offset < shape.slice_count * kSliceBytes; offset += step) {
            const bool starts = offset % slot_bytes == 0 && offset / slot_bytes < slab.slot_count;
            const SlotIndex expected =
                starts ? SlotIndex(static_cast<std::uint32_t>(offset / slot_bytes)) : no_slot();
            REQUIRE(slot_starting_at(slab, offset) == expected);
        }
        for (std::uint32_t slot = 0; slot < slab.slot_count; ++slot)
            REQUIRE(slot_starting_at(slab, slot * slot_bytes) == SlotIndex(slot));
    }
}

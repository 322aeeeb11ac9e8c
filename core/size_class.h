// SPDX-License-Identifier: MIT OR Apache-2.0
// Size classes and the geometry of their slabs: pure arithmetic and two constant tables.
//
//   class    slot bytes                      step                    slab
//   0..7     16, 32 .. 128                   16                      one slice        small
//   8..27    160, 192, 224, 256 .. 4096      four to a doubling      one slice        small
//   28..39   5120, 6144 .. 32768             four to a doubling      1 to 4 slices    medium
//   40..63   36 KiB, 40 KiB .. 128 KiB       a page                  1 to 16 slices   medium
//
// The last steps are a page wide because address space counts there: under a tight RLIMIT_AS four
// steps to a doubling would waste an eighth of it.
// Slots start at the slab's start, so a class whose size is a multiple of a power of two up to a
// slice has slots of that alignment.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/layout.h"

namespace emma {

enum class SizeClass : std::uint8_t {};
constexpr std::uint32_t raw(SizeClass c) { return static_cast<std::uint32_t>(c); }

inline constexpr unsigned kSizeClassCount = 64;
inline constexpr unsigned kSmallClassCount = 28;
inline constexpr unsigned kFirstPageClass = 40;  // from here on in steps of a page
inline constexpr std::size_t kSmallMaxBytes = 4096;
inline constexpr std::size_t kMediumMaxBytes = 128 * 1024;

inline constexpr unsigned kMediumMaxSlots =
    64;  // one word, so the next word is free for `untouched`

// Of a full-length slab, in slices of the default shape (see shape.h). The slot count and the
// reciprocal are computed when a slab is set up.
struct ClassGeometry {
    std::uint32_t slot_bytes : 24;
    std::uint32_t slice_count : 8;
};

// Offsets in medium slabs are divided in KiB, so that the reciprocal stays exact.
inline constexpr unsigned kMediumUnitShift = 10;

constexpr std::size_t slot_bytes_of(unsigned index) {
    if (index < 8) return (index + 1) * 16;
    if (index < kFirstPageClass) return (std::size_t{5} + (index & 3)) << (5 + (index - 8) / 4);
    return (index - 31) * std::size_t{4096};
}

constexpr unsigned slices_for_class(std::size_t slot_bytes) {
    if (slot_bytes <= kSmallMaxBytes) return 1;
    const unsigned longest = slot_bytes <= 32 * 1024 ? 4 : 16;
    const std::size_t least_slots = slot_bytes <= 32 * 1024 ? 1 : 4;
    auto waste = [&](unsigned n) { return n * kSliceBytes % slot_bytes; };
    auto fits = [&](unsigned n) {
        const std::size_t slots = n * kSliceBytes / slot_bytes;
        return slots >= least_slots && slots <= kMediumMaxSlots;
    };
    // The least share of waste, as a fraction; then the shortest slab within 1/128 of it.
    unsigned best = longest;
    for (unsigned n = 1; n <= longest; ++n)
        if (fits(n) && waste(n) * best < waste(best) * n) best = n;
    for (unsigned n = 1; n < best; ++n)
        if (fits(n) && waste(n) * best * 128 <= waste(best) * n * 128 + n * best * kSliceBytes)
            return n;
    return best;
}

constexpr unsigned unit_shift_for(std::size_t slot_bytes) {
    return slot_bytes <= kSmallMaxBytes ? 0 : kMediumUnitShift;
}

// For division by multiplication: slot index = offset in units * reciprocal >> 32. The reciprocal r
// of u units is a little too large: u * r = 2^32 + e with 0 < e <= u. So slot k starts where the
// product is k * 2^32 + k * e, and anywhere behind the start the low half is larger by at least r.
// As slot_count * e < r, the low half alone tells: at most that of the last slot's start (its rest)
// means an offset where a slot starts, and no slot behind the last (tests/unit/size_class_test.cpp
// tries every offset).
constexpr std::uint32_t reciprocal_for(std::size_t slot_bytes) {
    const std::size_t units = slot_bytes >> unit_shift_for(slot_bytes);
    return static_cast<std::uint32_t>((std::uint64_t{1} << 32) / units + 1);
}
constexpr std::uint32_t rest_for(std::size_t slot_bytes, unsigned slot_index) {
    const std::size_t units = slot_bytes >> unit_shift_for(slot_bytes);
    return static_cast<std::uint32_t>(units * reciprocal_for(slot_bytes)) * slot_index;
}

struct GeometryTable {
    ClassGeometry of[kSizeClassCount];
};
extern const GeometryTable kGeometry;

inline const ClassGeometry& geometry(SizeClass c) { return kGeometry.of[raw(c)]; }

// 129..32768: the position of the top bit names the doubling, the two bits below it the quarter.
constexpr SizeClass quarter_class_for(std::size_t bytes) {
    const std::size_t last = bytes - 1;
    const unsigned top = static_cast<unsigned>(std::bit_width(last)) - 1;
    return SizeClass(static_cast<std::uint8_t>(top * 4 - 20 + ((last >> (top - 2)) & 3)));
}

inline constexpr std::size_t kTableMaxBytes = 1024;  // beyond it a class is computed
struct SmallClassTable {
    std::uint8_t class_of[kTableMaxBytes / 16 + 1];  // by size in 16-byte units, rounded up
};
extern const SmallClassTable kSmallClasses;

// The class of a request of at most kTableMaxBytes; 0 bytes are served as 1.
inline SizeClass table_class_for(std::size_t bytes) {
    return SizeClass(kSmallClasses.class_of[(bytes + 15) / 16]);
}

// The class of a request of at most kMediumMaxBytes.
inline SizeClass size_class_for(std::size_t bytes) {
    if (bytes <= kTableMaxBytes) return table_class_for(bytes);
    if (bytes <= 32 * 1024) return quarter_class_for(bytes);
    return SizeClass(static_cast<std::uint8_t>(((bytes - 1) >> 12) + 32));
}

inline bool is_small(SizeClass c) { return raw(c) < kSmallClassCount; }

static_assert(slot_bytes_of(7) == 128 && slot_bytes_of(8) == 160 && slot_bytes_of(11) == 256);
static_assert(slot_bytes_of(kSmallClassCount - 1) == kSmallMaxBytes);
static_assert(slot_bytes_of(39) == 32 * 1024 && slot_bytes_of(40) == 36 * 1024);
static_assert(slot_bytes_of(kSizeClassCount - 1) == kMediumMaxBytes);
static_assert(raw(quarter_class_for(129)) == 8 && raw(quarter_class_for(256)) == 11 &&
              raw(quarter_class_for(257)) == 12 && raw(quarter_class_for(32768)) == 39);

}  // namespace emma

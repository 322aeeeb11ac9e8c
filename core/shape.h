// SPDX-License-Identifier: MIT OR Apache-2.0
// The shape of an instance's arenas: how large its slices are, and what follows from that. The
// default shape is the one of layout.h's constants, which the fast paths of the default instance
// are compiled with; the others serve heaps of the program's own over fixed regions of memory
// (region.h), where an arena may start at any page, and over the program's functions.
//
//   shape      slice     arena     header      slabs hold     served
//   default    64 KiB    4 MiB     1 slice     to 128 KiB     the system's pages
//   region     64 KiB    4 MiB     1 slice     to 128 KiB     regions from 16 MiB on
//   compact    4 KiB     256 KiB   3 slices    to 4 KiB       smaller regions
//   pieces     as compact                                     PORT=bare: see bare/pieces.h
//
// An arena has 64 slices in every shape, and a size class the same slots.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/config.h"
#include "core/layout.h"
#include "core/size_class.h"

namespace emma {

struct Shape {
    const GeometryTable* classes;     // slices of a slab, by class
    std::uint32_t slab_max_bytes;     // larger objects are runs or huge
    std::uint32_t run_max_alignment;  // what slices of an arena can have
    std::uint32_t huge_alignment;     // what every huge object has
    std::uint16_t freed_distance;     // words from a slab's free bitmap to its remote one
    std::uint8_t bitmap_words;        // of a slice
    std::uint8_t slice_shift;
    std::uint8_t header_slices;
    std::uint8_t first_slices;    // of an instance's first arena at first, header included
    std::uint8_t run_max_slices;  // larger objects are huge

    constexpr std::size_t slice_bytes() const { return std::size_t{1} << slice_shift; }
    constexpr std::size_t arena_bytes() const { return kSlicesPerArena * slice_bytes(); }
    constexpr std::size_t run_max_bytes() const {
        return std::size_t{run_max_slices} << slice_shift;
    }
    constexpr unsigned slice_count_for(std::size_t bytes) const {
        return static_cast<unsigned>((bytes + slice_bytes() - 1) >> slice_shift);
    }
    // Of a slab of `slice_count` slices; a slot of 16 bytes may have no bit in the header. In
    // CHECKS builds half of the bits of all other classes are marks: see oversized_words_of().
    constexpr unsigned slot_count_for(std::size_t slot_bytes, unsigned slice_count) const {
        const std::size_t slots = slice_count * slice_bytes() / slot_bytes;
        std::size_t bits = slice_count * bitmap_words * std::size_t{64};
        if (kChecks && slot_bytes > kMinAlignment) bits /= 2;
        return static_cast<unsigned>(slots < bits ? slots : bits);
    }
};

// The bitmaps of all slices, and between them a link for each.
constexpr unsigned freed_distance_for(unsigned bitmap_words) {
    return (kSlicesPerArena - 1) * bitmap_words + kSlicesPerArena;
}

inline constexpr unsigned kBitmapWords = 56;  // of the default shape: whole cache lines

// The default shape, as a value to make others of.
inline constexpr Shape kDefaultShapeValue{
    .classes = &kGeometry,
    .slab_max_bytes = kMediumMaxBytes,
    .run_max_alignment = kArenaBytes / 2,
    // No address within an arena's window but its first, so the fast path of free tells them from
    // slots by that.
    .huge_alignment = kArenaBytes,
    .freed_distance = freed_distance_for(kBitmapWords),
    .bitmap_words = kBitmapWords,
    .slice_shift = kSliceShift,
    .header_slices = 1,
    // A program that allocates little takes a quarter of a megabyte of address space.
    .first_slices = kShortArenaBytes / kSliceBytes,
    .run_max_slices = kSlicesPerArena - 1};
// So there is a class for every alignment up to a slice: see class_for().
static_assert(kDefaultShapeValue.slab_max_bytes % kDefaultShapeValue.slice_bytes() == 0);

extern const Shape kDefaultShape;
extern const Shape kRegionShape;
extern const Shape kCompactShape;
extern const Shape kPieceShape;

}  // namespace emma

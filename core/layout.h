// SPDX-License-Identifier: MIT OR Apache-2.0
// Sizes and address arithmetic of Emma's memory, and the words for them. Pure functions: nothing
// here reads memory.
//
//   arena   4 MiB, aligned to its size         |header|slice 1|slice 2| ... |slice 63|
//   slice   64 KiB, 64 to an arena             the header lies in slice 0
//   slab    one or more slices, equal slots    |slot 0|slot 1| ... |slot n-1|tail|
//   slot    one cell of a size class
//   run     slices handed out whole
//   huge    a mapping of its own, aligned to an arena
//
// An object is what the user holds; a page is only ever the system's.
//
// A pointer to an object, from the top:
//   | arena address (42 bits) | slice index (6) | offset in the slice (16) |
#pragma once

#include <cstddef>
#include <cstdint>

namespace emma {

inline constexpr unsigned kArenaShift = 22;
inline constexpr std::size_t kArenaBytes = std::size_t{1} << kArenaShift;
inline constexpr std::size_t kArenaMask = kArenaBytes - 1;

inline constexpr unsigned kSliceShift = 16;
inline constexpr std::size_t kSliceBytes = std::size_t{1} << kSliceShift;
inline constexpr std::size_t kSliceMask = kSliceBytes - 1;

// What an arena's header takes of its first slice; the rest, a page, is a gap (page_source.cpp).
inline constexpr std::size_t kHeaderBytes = kSliceBytes - 4096;
// An arena of the default shape that starts smaller than its window is as large as this at first.
inline constexpr std::size_t kShortArenaBytes = 4 * kSliceBytes;

inline constexpr unsigned kSlicesPerArena = 1u << (kArenaShift - kSliceShift);
static_assert(kSlicesPerArena == 64, "the free slices of an arena are one 64-bit word");

inline constexpr std::size_t kMinAlignment = 16;  // alignof(max_align_t), x86-64 psABI 3.1.2

// The largest request; beyond it pointer differences overflow (C23 7.24.3.1, PTRDIFF_MAX).
inline constexpr std::size_t kMaxRequestBytes = static_cast<std::size_t>(PTRDIFF_MAX);

enum class SliceIndex : std::uint32_t {};  // 0..63 within an arena; 0 is the header
enum class SlotIndex : std::uint32_t {};   // 0..slot_count-1 within a slab

constexpr std::uint32_t raw(SliceIndex index) { return static_cast<std::uint32_t>(index); }
constexpr std::uint32_t raw(SlotIndex index) { return static_cast<std::uint32_t>(index); }

constexpr bool is_power_of_two(std::size_t x) { return x != 0 && (x & (x - 1)) == 0; }

constexpr std::uintptr_t align_down(std::uintptr_t addr, std::size_t alignment) {
    return addr & ~(alignment - 1);
}
// The caller keeps `addr` at least `alignment` below the top of the address space.
constexpr std::uintptr_t align_up(std::uintptr_t addr, std::size_t alignment) {
    return align_down(addr + alignment - 1, alignment);
}

// Whether Emma's memory may lie at an address: 48 bits of it are kept, and bit 47 stands for those
// above (Owner in slab.h). Linux gives other addresses only to those who ask for them (5-level
// paging).
constexpr bool is_packable(std::uintptr_t addr) {
    return (addr + (std::uintptr_t{1} << 47)) >> 48 == 0;
}
constexpr bool is_packable(std::uintptr_t addr, std::size_t bytes) {
    return is_packable(addr) && is_packable(addr + bytes - 1);
}

constexpr std::uintptr_t arena_addr_of(std::uintptr_t addr) {
    return align_down(addr, kArenaBytes);
}
constexpr SliceIndex slice_index_of(std::uintptr_t addr) {
    return SliceIndex((addr & kArenaMask) >> kSliceShift);
}
constexpr std::size_t slice_count_for(std::size_t bytes) {
    return (bytes + kSliceMask) >> kSliceShift;
}

static_assert(is_packable(0x7fff'ffff'ffff) && is_packable(0xffff'8000'0000'0000));
static_assert(!is_packable(0x8000'0000'0000) && !is_packable(0xffff'7fff'ffff'ffff));
static_assert(!is_packable(0x7fff'ffff'f000, 0x1001) && is_packable(0x7fff'ffff'f000, 0x1000));
static_assert(arena_addr_of(0x1'0041'2345) == 0x1'0040'0000);
static_assert(raw(slice_index_of(0x1'0041'2345)) == 1);
static_assert(align_up(1, 16) == 16 && align_up(16, 16) == 16);
static_assert(slice_count_for(1) == 1 && slice_count_for(kSliceBytes + 1) == 2);

}  // namespace emma

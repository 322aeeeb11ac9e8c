// SPDX-License-Identifier: MIT OR Apache-2.0
// Every size at which the allocator changes its mind, one byte less and one more, by every
// alignment: what an allocator may answer to each. For tests/freestanding/bounds.cpp and
// tests/bare/bounds.cpp. Allocates nothing.
#ifndef TESTS_FREESTANDING_BOUNDS_H
#define TESTS_FREESTANDING_BOUNDS_H

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace bounds {

struct Asked {
    std::size_t size, alignment;
};

constexpr std::size_t kSlice = 65536, kArena = 64 * kSlice;
constexpr unsigned kAlignments = 64;

// Near each bound: the bound, a byte less, a byte more.
struct Sizes {
    std::size_t of[700];
    unsigned count = 0;

    constexpr Sizes() : of{} {
        for (std::size_t bytes = 16; bytes <= 128; bytes += 16) add_near(bytes);
        for (std::size_t bytes = 128; bytes < kSlice / 2; bytes *= 2)  // four to a doubling
            for (unsigned quarter = 5; quarter <= 8; ++quarter) add_near(bytes / 4 * quarter);
        for (std::size_t bytes = 9 * 4096; bytes <= 2 * kSlice; bytes += 4096) add_near(bytes);
        for (std::size_t slices = 3; slices <= 65; ++slices) add_near(slices * kSlice);
        for (const std::size_t bytes :
             {2 * kArena, kArena * 16, std::size_t{1} << 31, std::size_t{1} << 32,
              std::size_t{1} << 46, std::size_t{1} << 47, std::size_t{1} << 62, SIZE_MAX / 2})
            add_near(bytes);
        for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, SIZE_MAX / 2 - 4095,
                                        SIZE_MAX - kArena, SIZE_MAX - 4095, SIZE_MAX})
            of[count++] = bytes;
    }
    constexpr void add_near(std::size_t bytes) {
        for (const std::size_t size : {bytes - 1, bytes, bytes + 1}) of[count++] = size;
    }
};
inline constexpr Sizes kSizes;
inline constexpr unsigned kCases = kSizes.count * kAlignments;

inline Asked asked(unsigned number) {
    return {kSizes.of[number / kAlignments], std::size_t{1} << (number % kAlignments)};
}

// Whether it can be had wherever memory is not short.
inline bool is_modest(Asked asked) {
    return asked.size <= 2 * kArena && asked.alignment <= 1 << 26;
}

// Whether the object is what was asked for, as far as can be seen; writes to its ends.
inline bool is_good(void* object, std::size_t usable, Asked asked, bool is_zeroed) {
    const auto addr = reinterpret_cast<std::uintptr_t>(object);
    if ((addr & (asked.alignment - 1)) != 0 || usable < asked.size) return false;
    if (asked.size >= 16 && (addr & 15) != 0) return false;
    auto* const bytes = static_cast<volatile unsigned char*>(object);
    const std::size_t last = asked.size - 1;
    if (asked.size != 0) {
        if (is_zeroed && (bytes[0] | bytes[last / 2] | bytes[last]) != 0) return false;
        for (const std::size_t at : {std::size_t{0}, last / 2, last}) bytes[at] = 0xee;
    }
    if (usable != 0) bytes[usable - 1] = 0xee;
    return true;
}

}  // namespace bounds

#endif

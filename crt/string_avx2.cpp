// SPDX-License-Identifier: MIT OR Apache-2.0
// The memory functions' long loops in AVX2: the one file with instructions beyond the baseline.
// Only reached after cpuid said that the processor has them. Every function here is compiled for
// AVX2 by the pragmas, so nothing but what string_wide.h declares may leave this file.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif

#include "crt/string_loops.h"
#include "crt/string_wide.h"

namespace emma::crt {
namespace {

struct Avx2 {
    typedef Byte Vector __attribute__((vector_size(32)));

    [[gnu::always_inline]] static bool is_zero(Vector value) {
        typedef long long Words __attribute__((vector_size(32)));
        return __builtin_ia32_ptestz256(reinterpret_cast<Words>(value),
                                        reinterpret_cast<Words>(value)) != 0;
    }

    template <typename Signs>
    [[gnu::always_inline]] static std::uint32_t sign_mask(Signs signs) {
        typedef char Bytes __attribute__((vector_size(32)));
        return static_cast<std::uint32_t>(
            __builtin_ia32_pmovmskb256(reinterpret_cast<Bytes>(signs)));
    }
};
using Loops32 = Loops<Avx2>;
using V = Avx2::Vector;
constexpr std::size_t kBytes = sizeof(V);

// The bytes that differ, a bit each.
[[gnu::always_inline]] inline std::uint32_t differences(const Byte* left, const Byte* right) {
    return ~Loops32::match_mask(load<V>(left), load<V>(right));
}

[[gnu::always_inline]] inline int order_at(const Byte* left, const Byte* right,
                                           std::uint64_t differing) {
    const std::size_t index = lowest_set(differing);
    return left[index] - right[index];
}

// The order of 64 bytes each, 0 if they are equal.
[[gnu::always_inline]] inline int order_of_two(const Byte* left, const Byte* right) {
    const std::uint64_t second = differences(left + kBytes, right + kBytes);
    const std::uint64_t differing = differences(left, right) | second << kBytes;
    return differing == 0 ? 0 : order_at(left, right, differing);
}

// The order of strides that differ.
[[gnu::noinline]] int order_of_four_avx2(const Byte* left, const Byte* right) {
    const int order = order_of_two(left, right);
    return order != 0 ? order : order_of_two(left + 2 * kBytes, right + 2 * kBytes);
}

}  // namespace

Byte* copy_short_avx2(Byte* to, const Byte* from, std::size_t n) {
    Loops32::copy_two_strides(to, from, n);
    return to;
}

Byte* copy_upwards_avx2(Byte* to, const Byte* from, std::size_t n) {
    Loops32::copy_upwards(to, from, n);
    return to;
}

Byte* copy_downwards_avx2(Byte* to, const Byte* from, std::size_t n) {
    Loops32::copy_downwards(to, from, n);
    return to;
}

Byte* fill_avx2(Byte* to, std::uint64_t word, std::size_t n) {
    Loops32::fill(to, word, n);
    return to;
}

int compare_avx2(const Byte* left, const Byte* right, std::size_t n) {
    constexpr std::size_t kStride = Loops32::kStrideBytes;
    if (n <= 2 * kBytes) {
        const std::uint32_t first = differences(left, right);
        if (first != 0) return order_at(left, right, first);
        const std::size_t at = n - kBytes;
        const std::uint32_t last = differences(left + at, right + at);
        return last == 0 ? 0 : order_at(left + at, right + at, last);
    }
    if (n <= kStride) {
        const int order = order_of_two(left, right);
        const std::size_t at = n - 2 * kBytes;
        return order != 0 ? order : order_of_two(left + at, right + at);
    }
    // The last stride reaches back over bytes that were found equal.
    const Byte* const last = left + n - kStride;
    do {
        opaque(left);
        if (!Loops32::strides_equal(left, right)) return order_of_four_avx2(left, right);
        left += kStride;
        right += kStride;
    } while (left < last);
    right -= left - last;
    if (Loops32::strides_equal(last, right)) return 0;
    return order_of_four_avx2(last, right);
}

std::size_t length_avx2(const Byte* string) {
    return static_cast<std::size_t>(Loops32::find<true, true>(string, V{}, ~std::uintptr_t{0}) -
                                    string);
}

const Byte* find_avx2(const Byte* from, Byte byte, std::uintptr_t last) {
    return Loops32::find<false, false>(from, V{} + byte, last);
}

}  // namespace emma::crt

#if defined(__clang__)
#pragma clang attribute pop
#endif

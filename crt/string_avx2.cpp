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
};
using Loops32 = Loops<Avx2>;

}  // namespace

void copy_upwards_avx2(Byte* to, const Byte* from, std::size_t n) {
    Loops32::copy_upwards(to, from, n);
}

void copy_downwards_avx2(Byte* to, const Byte* from, std::size_t n) {
    Loops32::copy_downwards(to, from, n);
}

void fill_avx2(Byte* to, std::uint64_t word, std::size_t n) { Loops32::fill(to, word, n); }

std::size_t equal_bytes_avx2(const Byte* left, const Byte* right, std::size_t n) {
    return Loops32::equal_bytes(left, right, n);
}

}  // namespace emma::crt

#if defined(__clang__)
#pragma clang attribute pop
#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
// The memory functions' long copies in AVX-512, as string_avx2.cpp: only reached after cpuid said
// that the processor has it, and nothing but what string_wide.h declares may leave this file.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#else
#pragma GCC target("avx512f")
#endif

#include "crt/string_loops.h"
#include "crt/string_wide.h"

namespace emma::crt {
namespace {

struct Avx512 {
    typedef Byte Vector __attribute__((vector_size(64)));
};
using Loops64 = Loops<Avx512>;

}  // namespace

void copy_upwards_avx512(Byte* to, const Byte* from, std::size_t n) {
    Loops64::copy_upwards(to, from, n);
}

void copy_downwards_avx512(Byte* to, const Byte* from, std::size_t n) {
    Loops64::copy_downwards(to, from, n);
}

}  // namespace emma::crt

#if defined(__clang__)
#pragma clang attribute pop
#endif

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

Byte* copy_short_avx512(Byte* to, const Byte* from, std::size_t n) {
    typedef Avx512::Vector V;
    if (n > 4 * sizeof(V)) {
        Loops64::copy_two_strides(to, from, n);
        return to;
    }
    const V a = load<V>(from), b = load<V>(from + sizeof(V));
    const V c = load<V>(from + n - 2 * sizeof(V)), d = load<V>(from + n - sizeof(V));
    store(to, a);
    store(to + sizeof(V), b);
    store(to + n - 2 * sizeof(V), c);
    store(to + n - sizeof(V), d);
    return to;
}

Byte* copy_upwards_avx512(Byte* to, const Byte* from, std::size_t n) {
    Loops64::copy_upwards(to, from, n);
    return to;
}

Byte* copy_downwards_avx512(Byte* to, const Byte* from, std::size_t n) {
    Loops64::copy_downwards(to, from, n);
    return to;
}

Byte* fill_avx512(Byte* to, std::uint64_t word, std::size_t n) {
    typedef std::uint64_t Words __attribute__((vector_size(64)));
    typedef Avx512::Vector V;
    const V value = reinterpret_cast<V>(word - Words{});
    if (n > 4 * sizeof(V)) {
        const Loops64::Stride stride = {value, value, value, value};
        if (n > 2 * sizeof(stride)) {
            Loops64::fill(to, word, n);
            return to;
        }
        Loops64::store_stride(to, stride);
        Loops64::store_stride(to + n - sizeof(stride), stride);
        return to;
    }
    store(to, value);
    store(to + sizeof(V), value);
    store(to + n - 2 * sizeof(V), value);
    store(to + n - sizeof(V), value);
    return to;
}

}  // namespace emma::crt

#if defined(__clang__)
#pragma clang attribute pop
#endif

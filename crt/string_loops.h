// SPDX-License-Identifier: MIT OR Apache-2.0
// The long loops of the memory functions, for vectors of any width. Included by the files that
// compile them for one width each (string.cpp: 16 bytes, the baseline; string_avx2.cpp: 32;
// string_avx512.cpp: 64), inside an unnamed namespace of theirs: what is compiled for newer
// processors must never be the copy that the linker keeps for all.
//
// Every loop hides a pointer from the optimiser (`opaque`), so that no compiler at any option
// recognises the loop and replaces it by a call of the function that it is part of.
#pragma once

#include <cstddef>
#include <cstdint>

namespace emma::crt {
namespace {

using Byte = unsigned char;

// An access of any type at any alignment. One instruction; not a call.
template <typename T>
[[gnu::always_inline]] inline T load(const Byte* from) {
    typedef T Unaligned __attribute__((aligned(1), may_alias));
    return *reinterpret_cast<const Unaligned*>(from);
}

template <typename T>
[[gnu::always_inline]] inline void store(Byte* to, T value) {
    typedef T Unaligned __attribute__((aligned(1), may_alias));
    *reinterpret_cast<Unaligned*>(to) = value;
}

template <typename T>
[[gnu::always_inline]] inline void opaque(T& value) {
    asm volatile("" : "+r"(value));
}

inline std::uintptr_t address(const Byte* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

// For `Width::Vector`, a vector type, and `Width::is_zero`. One iteration handles four vectors in a
// row.
template <typename Width>
struct Loops {
    using V = typename Width::Vector;
    // Constants of the compiler, whatever the checker thinks of members of templates:
    // NOLINTNEXTLINE(bugprone-dynamic-static-initializers)
    static constexpr std::size_t kVectorBytes = sizeof(V);
    // NOLINTNEXTLINE(bugprone-dynamic-static-initializers)
    static constexpr std::size_t kStrideBytes = 4 * sizeof(V);

    struct Stride {
        V a, b, c, d;
    };

    [[gnu::always_inline]] static Stride load_stride(const Byte* from) {
        return {load<V>(from), load<V>(from + sizeof(V)), load<V>(from + 2 * sizeof(V)),
                load<V>(from + 3 * sizeof(V))};
    }

    [[gnu::always_inline]] static void store_stride(Byte* to, const Stride& stride) {
        store(to, stride.a);
        store(to + sizeof(V), stride.b);
        store(to + 2 * sizeof(V), stride.c);
        store(to + 3 * sizeof(V), stride.d);
    }

    // n > kStrideBytes; `to` below `from`, or the ranges do not overlap. Stores are aligned. The
    // ends are loaded before the loop may overwrite them, and stored after it has read what lies
    // under them.
    [[gnu::always_inline]] static void copy_upwards(Byte* to, const Byte* from, std::size_t n) {
        const V head = load<V>(from);
        const Stride tail = load_stride(from + n - kStrideBytes);
        Byte* const tail_to = to + n - kStrideBytes;
        const std::size_t skipped = kVectorBytes - address(to) % kVectorBytes;
        Byte* next = to + skipped;
        const Byte* source = from + skipped;
        for (; next < tail_to; next += kStrideBytes, source += kStrideBytes) {
            opaque(source);
            store_stride(next, load_stride(source));
        }
        store_stride(tail_to, tail);
        store(to, head);
    }

    // n > kStrideBytes; `to` lies above `from`, or the ranges do not overlap.
    [[gnu::always_inline]] static void copy_downwards(Byte* to, const Byte* from, std::size_t n) {
        const Stride head = load_stride(from);
        const V tail = load<V>(from + n - kVectorBytes);
        Byte* const head_end = to + kStrideBytes;
        const std::size_t skipped = 1 + (address(to + n) - 1) % kVectorBytes;
        Byte* end = to + n - skipped;
        const Byte* source_end = from + n - skipped;
        for (; end > head_end; end -= kStrideBytes, source_end -= kStrideBytes) {
            opaque(source_end);
            store_stride(end - kStrideBytes, load_stride(source_end - kStrideBytes));
        }
        store(to + n - kVectorBytes, tail);
        store_stride(to, head);
    }

    // n >= kStrideBytes; `word` is the byte eight times.
    [[gnu::always_inline]] static void fill(Byte* to, std::uint64_t word, std::size_t n) {
        typedef std::uint64_t Words __attribute__((vector_size(sizeof(V))));
        const V value = reinterpret_cast<V>(word - Words{});
        const Stride stride = {value, value, value, value};
        store_stride(to, stride);
        Byte* const last = to + n - kStrideBytes;
        Byte* next = to + kStrideBytes - address(to) % kVectorBytes;
        for (; next < last; next += kStrideBytes) {
            opaque(next);
            store_stride(next, stride);
        }
        store_stride(last, stride);
    }

    [[gnu::always_inline]] static bool strides_equal(const Byte* left, const Byte* right) {
        const Stride l = load_stride(left), r = load_stride(right);
        const V differences = (l.a ^ r.a) | (l.b ^ r.b) | (l.c ^ r.c) | (l.d ^ r.d);
        return Width::is_zero(differences);
    }

    // n >= kStrideBytes. How many bytes from the start are surely equal: n, or less than a stride
    // short of the first difference.
    [[gnu::always_inline]] static std::size_t equal_bytes(const Byte* left, const Byte* right,
                                                          std::size_t n) {
        std::size_t equal = 0;
        const std::size_t last = n - kStrideBytes;
        for (; equal < last; equal += kStrideBytes) {
            if (!strides_equal(left + equal, right + equal)) return equal;
            opaque(equal);
        }
        // The last stride reaches back over bytes that were found equal.
        return strides_equal(left + last, right + last) ? n : equal;
    }
};

}  // namespace
}  // namespace emma::crt

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

inline std::size_t lowest_set(std::uint64_t mask) {
    return static_cast<std::size_t>(__builtin_ctzll(mask));
}

// For `Width::Vector`, a vector type, `Width::is_zero`, and `Width::sign_mask` of a comparison. One
// iteration handles four vectors in a row.
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

    // kStrideBytes < n <= 2 * kStrideBytes; overlapping or not, as all loads come first.
    [[gnu::always_inline]] static void copy_two_strides(Byte* to, const Byte* from, std::size_t n) {
        const Stride first = load_stride(from);
        const Stride last = load_stride(from + n - kStrideBytes);
        store_stride(to, first);
        store_stride(to + n - kStrideBytes, last);
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

    // One bit a byte of a vector, set where the byte equals the pattern's. At most 32 bytes wide.
    [[gnu::always_inline]] static std::uint32_t match_mask(V value, V pattern) {
        return Width::sign_mask(value == pattern);
    }

    // The first byte that equals the pattern's from `from` on, or null if none does up to `last`.
    // kIsCertain: one does, whatever `last` says. Reads no page that holds none of the bytes asked
    // for: a first vector that does not cross into the next page, then aligned ones.
    template <bool kIsZero, bool kIsCertain>
    [[gnu::always_inline]] static const Byte* find(const Byte* from, V pattern,
                                                   std::uintptr_t last) {
        constexpr std::size_t kPageBytes = 4096;
        const std::uintptr_t reach = last - address(from);  // bytes behind the first
        const Byte* next = from - address(from) % kVectorBytes;
        if (address(from) % kPageBytes > kPageBytes - kStrideBytes) [[unlikely]] {
            const std::uint32_t found =
                match_mask(load<V>(next), pattern) >> (address(from) - address(next));
            if (found != 0) return within(from + lowest_set(found), last);
            if (reach < 4 * kStrideBytes) return find_near(next, pattern, last);
            // At most to the page's end and a stride: all before `last`.
            do {
                next += kVectorBytes;
                const std::uint32_t mask = match_mask(load<V>(next), pattern);
                if (mask != 0) return next + lowest_set(mask);
            } while (address(next + kVectorBytes) % kStrideBytes != 0);
            next += kVectorBytes;
        } else {
            // The first stride, wherever it starts, is on one page.
            std::uint32_t found = match_mask(load<V>(from), pattern);
            if (found != 0) return within(from + lowest_set(found), last);
            if (reach < kVectorBytes) return nullptr;
            found = match_mask(load<V>(from + kVectorBytes), pattern);
            if (found != 0) return within(from + kVectorBytes + lowest_set(found), last);
            if (reach < 2 * kVectorBytes) return nullptr;
            const std::uint64_t third = match_mask(load<V>(from + 2 * kVectorBytes), pattern);
            const std::uint64_t fourth = match_mask(load<V>(from + 3 * kVectorBytes), pattern);
            const std::uint64_t both = third | fourth << kVectorBytes;
            if (both != 0) return within(from + 2 * kVectorBytes + lowest_set(both), last);
            if (reach < kStrideBytes) return nullptr;
            next = from + kStrideBytes - address(from) % kStrideBytes;
        }
        while (!stride_has<kIsZero>(next, pattern)) {
            if (!kIsCertain && last - address(next) < kStrideBytes) return nullptr;
            next += kStrideBytes;
            opaque(next);
        }
        // Two vectors at a time: a match is in one of these four.
        const std::uint64_t low = match_two(next, pattern);
        if (low != 0) return within(next + lowest_set(low), last);
        return within(
            next + 2 * kVectorBytes + lowest_set(match_two(next + 2 * kVectorBytes, pattern)),
            last);
    }

  private:
    [[gnu::always_inline]] static std::uint64_t match_two(const Byte* at, V pattern) {
        const std::uint64_t second = match_mask(load<V>(at + kVectorBytes), pattern);
        return match_mask(load<V>(at), pattern) | second << kVectorBytes;
    }

    // Behind the vector at `next`, aligned.
    [[gnu::always_inline]] static const Byte* find_near(const Byte* next, V pattern,
                                                        std::uintptr_t last) {
        for (;;) {
            if (last - address(next) < kVectorBytes) return nullptr;
            next += kVectorBytes;
            const std::uint32_t found = match_mask(load<V>(next), pattern);
            if (found != 0) return within(next + lowest_set(found), last);
        }
    }

    [[gnu::always_inline]] static const Byte* within(const Byte* match, std::uintptr_t last) {
        return address(match) <= last ? match : nullptr;
    }

    [[gnu::always_inline]] static V smaller(V left, V right) { return left < right ? left : right; }

    template <bool kIsZero>
    [[gnu::always_inline]] static bool stride_has(const Byte* aligned, V pattern) {
        const Stride s = load_stride(aligned);
        // The smallest of four bytes is zero if one of them is.
        if constexpr (kIsZero) {
            return match_mask(smaller(smaller(s.a, s.b), smaller(s.c, s.d)), pattern) != 0;
        }
        return Width::sign_mask((s.a == pattern) | (s.b == pattern) | (s.c == pattern) |
                                (s.d == pattern)) != 0;
    }
};

}  // namespace
}  // namespace emma::crt

// SPDX-License-Identifier: MIT OR Apache-2.0
// The memory functions that compilers call on their own: memcpy memmove memset memcmp bcmp,
// and memchr and strlen. Up to 128 bytes in SSE2, the baseline of x86-64; beyond that by wider
// vectors or repeated moves where the processor has them (string_wide.h). Needs no TLS; any thread
// or signal handler.
//
// A copy or fill of n bytes, n between w and 2w, is two accesses of w bytes that may overlap in the
// middle: one at the start, one that ends at the end. All loads come before the first store, so
// overlapping operands need no care up to kDirectBytes.
#include <cstddef>
#include <cstdint>

#include "arch/arch.h"
#include "crt/public.h"
#include "crt/string_loops.h"
#include "crt/string_wide.h"

// A test or benchmark includes this file under other names, beside the functions of its libc.
#ifndef EMMA_STRING_SYMBOL
#define EMMA_STRING_SYMBOL(name) name
#endif
#define EMMA_STRING_TEXT(symbol) #symbol
#define EMMA_STRING_EXPANDED(symbol) EMMA_STRING_TEXT(symbol)
#define EMMA_STRING_NAME(name) EMMA_STRING_EXPANDED(EMMA_STRING_SYMBOL(name))

namespace emma::crt {
namespace {

typedef Byte Bytes16 __attribute__((vector_size(16)));

// One bit a byte, set where the vectors' bytes are equal.
unsigned equal_mask(Bytes16 left, Bytes16 right) {
    typedef char Signs __attribute__((vector_size(16)));
    return static_cast<unsigned>(
        __builtin_ia32_pmovmskb128(reinterpret_cast<Signs>(left == right)));
}

constexpr unsigned kAllEqual = 0xffff;

struct Sse2 {
    using Vector = Bytes16;
    static bool is_zero(Bytes16 value) { return equal_mask(value, Bytes16{}) == kAllEqual; }
    template <typename Signs>
    static std::uint32_t sign_mask(Signs signs) {
        typedef char Bytes __attribute__((vector_size(16)));
        return static_cast<std::uint32_t>(
            __builtin_ia32_pmovmskb128(reinterpret_cast<Bytes>(signs)));
    }
};
using Loops16 = Loops<Sse2>;

constexpr std::size_t kVectorBytes = Loops16::kVectorBytes;
constexpr std::size_t kStrideBytes = Loops16::kStrideBytes;
constexpr std::size_t kDirectBytes = 2 * kStrideBytes;  // largest size without a loop

// ---- memmove ----

// sizeof(T) <= n <= 2 * sizeof(T).
template <typename T>
void copy_ends(Byte* to, const Byte* from, std::size_t n) {
    const T first = load<T>(from);
    const T last = load<T>(from + n - sizeof(T));
    store(to, first);
    store(to + n - sizeof(T), last);
}

// n < 16.
void copy_tiny(Byte* to, const Byte* from, std::size_t n) {
    if (n >= 8) return copy_ends<std::uint64_t>(to, from, n);
    if (n >= 4) return copy_ends<std::uint32_t>(to, from, n);
    if (n >= 2) return copy_ends<std::uint16_t>(to, from, n);
    if (n != 0) *to = *from;
}

// From this size on one repeated move is as fast as any loop, where the processor says so.
constexpr std::size_t kRepeatedMoveBytes = 4096;

// n > kDirectBytes. Returns `to`.
Byte* copy_long(Byte* to, const Byte* from, std::size_t n) {
    const CpuFeatures cpu = cpu_features();
    if (n <= 512 && cpu.has(CpuFeatures::kAvx512)) return copy_short_avx512(to, from, n);
    if (n <= 256 && cpu.has(CpuFeatures::kAvx2)) return copy_short_avx2(to, from, n);
    // One unsigned comparison: `to` lies in [from, from + n) exactly if this difference is below n.
    if (address(to) - address(from) >= n) {
        const bool apart = address(from) - address(to) >= n;
        if (n >= kRepeatedMoveBytes && apart && cpu.has(CpuFeatures::kFastRepeatedMove)) {
            arch::copy_bytes(to, from, n);
            return to;
        }
        if (cpu.has(CpuFeatures::kAvx512)) return copy_upwards_avx512(to, from, n);
        if (cpu.has(CpuFeatures::kAvx2)) return copy_upwards_avx2(to, from, n);
        Loops16::copy_upwards(to, from, n);
        return to;
    }
    if (cpu.has(CpuFeatures::kAvx512)) return copy_downwards_avx512(to, from, n);
    if (cpu.has(CpuFeatures::kAvx2)) return copy_downwards_avx2(to, from, n);
    Loops16::copy_downwards(to, from, n);
    return to;
}

[[gnu::always_inline]] inline Byte* copy(Byte* to, const Byte* from, std::size_t n) {
    if (n < kVectorBytes) {
        copy_tiny(to, from, n);
    } else if (n <= 2 * kVectorBytes) {
        copy_ends<Bytes16>(to, from, n);
    } else if (n <= kStrideBytes) {
        const Bytes16 a = load<Bytes16>(from), b = load<Bytes16>(from + 16);
        const Bytes16 c = load<Bytes16>(from + n - 32), d = load<Bytes16>(from + n - 16);
        store(to, a);
        store(to + 16, b);
        store(to + n - 32, c);
        store(to + n - 16, d);
    } else if (n <= kDirectBytes) {
        Loops16::copy_two_strides(to, from, n);
    } else {
        return copy_long(to, from, n);
    }
    return to;
}

// ---- memset ----

template <typename T>
void fill_ends(Byte* to, T value, std::size_t n) {
    store(to, value);
    store(to + n - sizeof(T), value);
}

void fill_tiny(Byte* to, std::uint64_t value, std::size_t n) {
    if (n >= 8) return fill_ends(to, value, n);
    if (n >= 4) return fill_ends(to, static_cast<std::uint32_t>(value), n);
    if (n >= 2) return fill_ends(to, static_cast<std::uint16_t>(value), n);
    if (n != 0) *to = static_cast<Byte>(value);
}

[[gnu::always_inline]] inline Byte* fill(Byte* to, Byte byte, std::size_t n) {
    const std::uint64_t word = 0x0101010101010101u * byte;
    if (n < kVectorBytes) {
        fill_tiny(to, word, n);
        return to;
    }
    if (n > kDirectBytes) {
        const CpuFeatures cpu = cpu_features();
        if (cpu.has(CpuFeatures::kAvx512)) return fill_avx512(to, word, n);
        if (cpu.has(CpuFeatures::kAvx2)) return fill_avx2(to, word, n);
        Loops16::fill(to, word, n);
        return to;
    }
    typedef std::uint64_t Words __attribute__((vector_size(16)));
    const Bytes16 value = reinterpret_cast<Bytes16>(Words{word, word});
    fill_ends(to, value, n);
    if (n <= 2 * kVectorBytes) return to;
    store(to + 16, value);
    store(to + n - 32, value);
    if (n <= kStrideBytes) return to;
    store(to + 32, value);
    store(to + 48, value);
    store(to + n - 64, value);
    store(to + n - 48, value);
    return to;
}

// ---- memcmp ----

int difference_at(const Byte* left, const Byte* right, std::size_t index) {
    return left[index] - right[index];
}

// The words differ: their first differing byte in memory order decides.
int word_order(std::uint64_t left, std::uint64_t right) {
    return __builtin_bswap64(left) < __builtin_bswap64(right) ? -1 : 1;
}

// n < 16.
[[gnu::always_inline]] inline int compare_tiny(const Byte* left, const Byte* right, std::size_t n) {
    if (n >= 8) {
        const auto a = load<std::uint64_t>(left), b = load<std::uint64_t>(right);
        if (a != b) return word_order(a, b);
        const auto c = load<std::uint64_t>(left + n - 8), d = load<std::uint64_t>(right + n - 8);
        return c == d ? 0 : word_order(c, d);
    }
    if (n >= 4) {
        const auto a = load<std::uint32_t>(left), b = load<std::uint32_t>(right);
        if (a != b) return word_order(a, b);
        const auto c = load<std::uint32_t>(left + n - 4), d = load<std::uint32_t>(right + n - 4);
        return c == d ? 0 : word_order(c, d);
    }
    if (n == 0) return 0;
    // One to three bytes: the first, the middle one (or the first or last again), the last.
    const auto bytes = [n](const Byte* of) { return of[0] << 16 | of[n / 2] << 8 | of[n - 1]; };
    return bytes(left) - bytes(right);
}

int compare_vector(const Byte* left, const Byte* right) {
    const unsigned mask = equal_mask(load<Bytes16>(left), load<Bytes16>(right));
    if (mask == kAllEqual) return 0;
    return difference_at(left, right, lowest_set(~mask));
}

// 2 * kVectorBytes < n <= kStrideBytes.
bool equal_short(const Byte* left, const Byte* right, std::size_t n) {
    const auto difference = [left, right](std::size_t at) {
        return load<Bytes16>(left + at) ^ load<Bytes16>(right + at);
    };
    return Sse2::is_zero(difference(0) | difference(16) | difference(n - 32) | difference(n - 16));
}

// n > 2 * kVectorBytes: n, or how many bytes from the start are surely equal.
std::size_t equal_bytes(const Byte* left, const Byte* right, std::size_t n) {
    if (n <= kStrideBytes) return equal_short(left, right, n) ? n : 0;
    return Loops16::equal_bytes(left, right, n);
}

[[gnu::always_inline]] inline int compare(const Byte* left, const Byte* right, std::size_t n) {
    if (n < kVectorBytes) return compare_tiny(left, right, n);
    if (n > 2 * kVectorBytes) {
        const CpuFeatures cpu = n > kDirectBytes ? cpu_features() : known_cpu_features();
        if (cpu.has(CpuFeatures::kAvx2)) return compare_avx2(left, right, n);
    }
    if (n <= 2 * kVectorBytes) {
        const int order = compare_vector(left, right);
        if (order != 0) return order;
        return compare_vector(left + n - kVectorBytes, right + n - kVectorBytes);
    }
    std::size_t at = equal_bytes(left, right, n);
    if (at == n) return 0;
    for (; n - at > kVectorBytes; at += kVectorBytes) {
        const int order = compare_vector(left + at, right + at);
        if (order != 0) return order;
    }
    // The last 16 bytes, of which some were found equal before.
    return compare_vector(left + n - kVectorBytes, right + n - kVectorBytes);
}

// ---- memchr, strlen ----

[[gnu::always_inline]] inline const Byte* find(const Byte* from, Byte byte, std::size_t n) {
    if (n == 0) return nullptr;
    // An end beyond the address space means: it is known to be there (rawmemchr's manner).
    const std::uintptr_t last =
        address(from) + n - 1 < address(from) ? ~std::uintptr_t{0} : address(from) + n - 1;
    const CpuFeatures cpu = n > kDirectBytes ? cpu_features() : known_cpu_features();
    if (cpu.has(CpuFeatures::kAvx2)) return find_avx2(from, byte, last);
    return Loops16::find<false, false>(from, Bytes16{} + byte, last);
}

// How long a string is nobody knows beforehand: one that is long is worth asking the processor.
[[gnu::always_inline]] inline std::size_t length(const Byte* string) {
    if (known_cpu_features().has(CpuFeatures::kAvx2)) return length_avx2(string);
    const Byte* end = Loops16::find<true, false>(string, Bytes16{}, address(string) + kDirectBytes);
    if (end == nullptr) {
        end = string + kDirectBytes;
        if (cpu_features().has(CpuFeatures::kAvx2)) return kDirectBytes + length_avx2(end);
        end = Loops16::find<true, false>(end, Bytes16{}, ~std::uintptr_t{0});
    }
    return static_cast<std::size_t>(end - string);
}

}  // namespace
}  // namespace emma::crt

extern "C" {

using emma::crt::Byte;

// Defined for overlapping operands too, like memmove: a program that errs keeps its data.
EMMA_CRT_PUBLIC void* EMMA_STRING_SYMBOL(memcpy)(void* to, const void* from, std::size_t n) {
    return emma::crt::copy(static_cast<Byte*>(to), static_cast<const Byte*>(from), n);
}

EMMA_CRT_PUBLIC void* EMMA_STRING_SYMBOL(memmove)(void* to, const void* from, std::size_t n)
    __attribute__((alias(EMMA_STRING_NAME(memcpy)), nothrow));

EMMA_CRT_PUBLIC void* EMMA_STRING_SYMBOL(memset)(void* to, int byte, std::size_t n) {
    return emma::crt::fill(static_cast<Byte*>(to), static_cast<Byte>(byte), n);
}

EMMA_CRT_PUBLIC int EMMA_STRING_SYMBOL(memcmp)(const void* left, const void* right, std::size_t n) {
    return emma::crt::compare(static_cast<const Byte*>(left), static_cast<const Byte*>(right), n);
}

EMMA_CRT_PUBLIC int EMMA_STRING_SYMBOL(bcmp)(const void* left, const void* right, std::size_t n)
    __attribute__((alias(EMMA_STRING_NAME(memcmp)), nothrow));

EMMA_CRT_PUBLIC void* EMMA_STRING_SYMBOL(memchr)(const void* from, int byte, std::size_t n) {
    const Byte* found = emma::crt::find(static_cast<const Byte*>(from), static_cast<Byte>(byte), n);
    return const_cast<Byte*>(found);
}

EMMA_CRT_PUBLIC std::size_t EMMA_STRING_SYMBOL(strlen)(const char* string) {
    return emma::crt::length(reinterpret_cast<const Byte*>(string));
}
}

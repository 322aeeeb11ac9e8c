// SPDX-License-Identifier: MIT OR Apache-2.0
// The memory functions that compilers call on their own: memcpy memmove memset memcmp bcmp strlen.
// SSE2, the baseline of x86-64, in 16-byte vectors; nothing is found out about the CPU. Every loop
// hides a pointer from the optimiser (`opaque`), so that no compiler at any option recognises the
// loop and replaces it by a call of the function it is in. Needs no TLS; any thread or handler.
//
// A copy or fill of n bytes, n between w and 2w, is two accesses of w bytes that may overlap in the
// middle: one at the start, one that ends at the end. All loads come before the first store, so
// overlapping operands need no care up to kDirectBytes.
#include <cstddef>
#include <cstdint>

#include "crt/public.h"

// A test or benchmark includes this file under other names, beside the functions of its libc.
#ifndef EMMA_STRING_SYMBOL
#define EMMA_STRING_SYMBOL(name) name
#endif

namespace emma::crt {
namespace {

using Byte = unsigned char;
typedef Byte Bytes16 __attribute__((vector_size(16)));

constexpr std::size_t kVectorBytes = 16;
constexpr std::size_t kStrideBytes = 4 * kVectorBytes;  // one iteration of the long loops
constexpr std::size_t kDirectBytes = 8 * kVectorBytes;  // largest size without a loop

// An access of any type at any alignment; __builtin_memcpy of a constant size is one instruction.
template <typename T>
T load(const Byte* from) {
    typedef T Unaligned __attribute__((aligned(1), may_alias));
    return *reinterpret_cast<const Unaligned*>(from);
}

template <typename T>
void store(Byte* to, T value) {
    typedef T Unaligned __attribute__((aligned(1), may_alias));
    *reinterpret_cast<Unaligned*>(to) = value;
}

void store_aligned(Byte* to, Bytes16 value) { *reinterpret_cast<Bytes16*>(to) = value; }

template <typename T>
void opaque(T& value) {
    asm volatile("" : "+r"(value));
}

std::uintptr_t address(const Byte* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

// Four vectors in a row.
struct Stride {
    Bytes16 a, b, c, d;
};

Stride load_stride(const Byte* from) {
    return {load<Bytes16>(from), load<Bytes16>(from + 16), load<Bytes16>(from + 32),
            load<Bytes16>(from + 48)};
}

void store_stride(Byte* to, Stride stride) {
    store(to, stride.a);
    store(to + 16, stride.b);
    store(to + 32, stride.c);
    store(to + 48, stride.d);
}

void store_stride_aligned(Byte* to, Stride stride) {
    store_aligned(to, stride.a);
    store_aligned(to + 16, stride.b);
    store_aligned(to + 32, stride.c);
    store_aligned(to + 48, stride.d);
}

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

// n > kDirectBytes; `to` below `from`, or the ranges do not overlap. The ends are loaded before the
// loop may overwrite them and stored after it has read what lies under them.
void copy_upwards(Byte* to, const Byte* from, std::size_t n) {
    const Bytes16 head = load<Bytes16>(from);
    const Stride tail = load_stride(from + n - kStrideBytes);
    Byte* const tail_to = to + n - kStrideBytes;
    const std::size_t skipped = kVectorBytes - address(to) % kVectorBytes;
    Byte* next = to + skipped;
    const Byte* source = from + skipped;
    for (; next < tail_to; next += kStrideBytes, source += kStrideBytes) {
        opaque(source);
        store_stride_aligned(next, load_stride(source));
    }
    store_stride(tail_to, tail);
    store(to, head);
}

// n > kDirectBytes; `to` lies above `from`.
void copy_downwards(Byte* to, const Byte* from, std::size_t n) {
    const Stride head = load_stride(from);
    const Bytes16 tail = load<Bytes16>(from + n - kVectorBytes);
    Byte* const head_end = to + kStrideBytes;
    const std::size_t skipped = 1 + (address(to + n) - 1) % kVectorBytes;
    Byte* end = to + n - skipped;
    const Byte* source_end = from + n - skipped;
    for (; end > head_end; end -= kStrideBytes, source_end -= kStrideBytes) {
        opaque(source_end);
        store_stride_aligned(end - kStrideBytes, load_stride(source_end - kStrideBytes));
    }
    store(to + n - kVectorBytes, tail);
    store_stride(to, head);
}

void copy(Byte* to, const Byte* from, std::size_t n) {
    if (n < kVectorBytes) return copy_tiny(to, from, n);
    if (n <= 2 * kVectorBytes) return copy_ends<Bytes16>(to, from, n);
    if (n <= kStrideBytes) {
        const Bytes16 a = load<Bytes16>(from), b = load<Bytes16>(from + 16);
        const Bytes16 c = load<Bytes16>(from + n - 32), d = load<Bytes16>(from + n - 16);
        store(to, a);
        store(to + 16, b);
        store(to + n - 32, c);
        return store(to + n - 16, d);
    }
    if (n <= kDirectBytes) {
        const Stride first = load_stride(from);
        const Stride last = load_stride(from + n - kStrideBytes);
        store_stride(to, first);
        return store_stride(to + n - kStrideBytes, last);
    }
    // One unsigned comparison: `to` lies in [from, from + n) exactly if this difference is below n.
    if (address(to) - address(from) >= n) return copy_upwards(to, from, n);
    return copy_downwards(to, from, n);
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

void fill(Byte* to, Byte byte, std::size_t n) {
    const std::uint64_t word = 0x0101010101010101u * byte;
    if (n < kVectorBytes) return fill_tiny(to, word, n);
    typedef std::uint64_t Words __attribute__((vector_size(16)));
    const Bytes16 value = reinterpret_cast<Bytes16>(Words{word, word});
    if (n <= 2 * kVectorBytes) return fill_ends(to, value, n);
    const Stride stride = {value, value, value, value};
    if (n <= kStrideBytes) {
        store(to + 16, value);
        store(to + n - 32, value);
        return fill_ends(to, value, n);
    }
    store_stride(to, stride);
    Byte* const last = to + n - kStrideBytes;
    Byte* next = to + kStrideBytes - address(to) % kVectorBytes;
    for (; next < last; next += kStrideBytes) {
        opaque(next);
        store_stride_aligned(next, stride);
    }
    store_stride(last, stride);
}

// ---- memcmp ----

// One bit a byte, set where the vectors' bytes are equal.
unsigned equal_mask(Bytes16 left, Bytes16 right) {
    typedef char Signs __attribute__((vector_size(16)));
    return static_cast<unsigned>(
        __builtin_ia32_pmovmskb128(reinterpret_cast<Signs>(left == right)));
}

constexpr unsigned kAllEqual = 0xffff;

int difference_at(const Byte* left, const Byte* right, std::size_t index) {
    return left[index] - right[index];
}

// The words differ: their first differing byte in memory order decides.
int word_order(std::uint64_t left, std::uint64_t right) {
    return __builtin_bswap64(left) < __builtin_bswap64(right) ? -1 : 1;
}

// n < 16.
int compare_tiny(const Byte* left, const Byte* right, std::size_t n) {
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
    for (std::size_t index = 0; index < n; ++index) {
        if (left[index] != right[index]) return difference_at(left, right, index);
    }
    return 0;
}

int compare_vector(const Byte* left, const Byte* right) {
    const unsigned mask = equal_mask(load<Bytes16>(left), load<Bytes16>(right));
    if (mask == kAllEqual) return 0;
    return difference_at(left, right, static_cast<unsigned>(__builtin_ctz(~mask)));
}

bool strides_equal(const Byte* left, const Byte* right) {
    const Stride l = load_stride(left), r = load_stride(right);
    const auto all = (l.a == r.a) & (l.b == r.b) & (l.c == r.c) & (l.d == r.d);
    typedef char Signs __attribute__((vector_size(16)));
    return __builtin_ia32_pmovmskb128(reinterpret_cast<Signs>(all)) == kAllEqual;
}

int compare(const Byte* left, const Byte* right, std::size_t n) {
    if (n < kVectorBytes) return compare_tiny(left, right, n);
    while (n > kStrideBytes && strides_equal(left, right)) {
        left += kStrideBytes;
        right += kStrideBytes;
        n -= kStrideBytes;
        opaque(left);
    }
    while (n > kVectorBytes) {
        const int order = compare_vector(left, right);
        if (order != 0) return order;
        left += kVectorBytes;
        right += kVectorBytes;
        n -= kVectorBytes;
    }
    // The last 16 bytes, of which some may have been found equal before.
    return compare_vector(left + n - kVectorBytes, right + n - kVectorBytes);
}

// ---- strlen ----

// Reads whole aligned vectors, so never a page that the string does not touch; that bytes outside
// the object are read is known to the sanitisers' users.
std::size_t length(const Byte* string) {
    const std::size_t misalignment = address(string) % kVectorBytes;
    const Byte* next = string - misalignment;
    const Bytes16 zero = {};
    unsigned found = equal_mask(*reinterpret_cast<const Bytes16*>(next), zero) >> misalignment;
    if (found != 0) return static_cast<unsigned>(__builtin_ctz(found));
    do {
        next += kVectorBytes;
        opaque(next);
        found = equal_mask(*reinterpret_cast<const Bytes16*>(next), zero);
    } while (found == 0);
    return static_cast<std::size_t>(next - string) + static_cast<unsigned>(__builtin_ctz(found));
}

}  // namespace
}  // namespace emma::crt

extern "C" {

using emma::crt::Byte;

// Defined for overlapping operands too, like memmove: a program that errs keeps its data.
EMMA_CRT_PUBLIC void* EMMA_STRING_SYMBOL(memcpy)(void* to, const void* from, std::size_t n) {
    emma::crt::copy(static_cast<Byte*>(to), static_cast<const Byte*>(from), n);
    return to;
}

EMMA_CRT_PUBLIC void* EMMA_STRING_SYMBOL(memmove)(void* to, const void* from, std::size_t n) {
    emma::crt::copy(static_cast<Byte*>(to), static_cast<const Byte*>(from), n);
    return to;
}

EMMA_CRT_PUBLIC void* EMMA_STRING_SYMBOL(memset)(void* to, int byte, std::size_t n) {
    emma::crt::fill(static_cast<Byte*>(to), static_cast<Byte>(byte), n);
    return to;
}

EMMA_CRT_PUBLIC int EMMA_STRING_SYMBOL(memcmp)(const void* left, const void* right,
                                               std::size_t n) {
    return emma::crt::compare(static_cast<const Byte*>(left), static_cast<const Byte*>(right), n);
}

EMMA_CRT_PUBLIC int EMMA_STRING_SYMBOL(bcmp)(const void* left, const void* right, std::size_t n) {
    return emma::crt::compare(static_cast<const Byte*>(left), static_cast<const Byte*>(right), n);
}

EMMA_CRT_PUBLIC std::size_t EMMA_STRING_SYMBOL(strlen)(const char* string) {
    return emma::crt::length(reinterpret_cast<const Byte*>(string));
}
}

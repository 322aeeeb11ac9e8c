// SPDX-License-Identifier: MIT OR Apache-2.0
// std::hash of strings and of floating-point numbers, by libstdc++'s names: eight bytes at a time,
// each multiplied to 128 bits whose halves are mixed. Not for input that an enemy chooses.
#include <cstddef>
#include <cstdint>

#include "crt/public.h"

namespace {

constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio

std::uint64_t mix(std::uint64_t left, std::uint64_t right) {
    const unsigned __int128 product = static_cast<unsigned __int128>(left) * right;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// The first `n` bytes, at most 8, as a number.
std::uint64_t load(const unsigned char* bytes, std::size_t n) {
    std::uint64_t word = 0;
    for (std::size_t at = 0; at < n; ++at) word |= std::uint64_t{bytes[at]} << 8 * at;
    return word;
}

std::uint64_t load_word(const unsigned char* bytes) {
    typedef std::uint64_t Word __attribute__((aligned(1), may_alias));
    return *reinterpret_cast<const Word*>(bytes);
}

}  // namespace

namespace std {

EMMA_CRT_PUBLIC std::size_t _Hash_bytes(const void* from, std::size_t n, std::size_t seed) {
    const auto* bytes = static_cast<const unsigned char*>(from);
    std::uint64_t hash = seed ^ kOdd ^ n * kOdd;
    for (; n >= sizeof(std::uint64_t); n -= sizeof(std::uint64_t)) {
        hash = mix(hash ^ load_word(bytes), kOdd);
        bytes += sizeof(std::uint64_t);
    }
    return mix(hash ^ load(bytes, n) ^ std::uint64_t{n} << 56, kOdd);
}

// FNV-1a.
EMMA_CRT_PUBLIC std::size_t _Fnv_hash_bytes(const void* from, std::size_t n, std::size_t hash) {
    const auto* const bytes = static_cast<const unsigned char*>(from);
    for (std::size_t at = 0; at < n; ++at) hash = (hash ^ bytes[at]) * 1099511628211u;
    return hash;
}

}  // namespace std

// SPDX-License-Identifier: MIT OR Apache-2.0
// Stands in for arch/x86_64/cpu.h (found first by include path) where every access must be seen by
// an instrumentation: the interleaving explorer and ThreadSanitizer do not look into assembly. Same
// contracts; what the instruction set promises beyond C++ is said by memory orders here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace emma::arch {

inline constexpr std::size_t kCacheLineBytes = 64;

inline void pause() {}
[[noreturn]] inline void trap() { __builtin_trap(); }

inline bool word_equals(const std::uint64_t* word, std::uint64_t value) {
    return __atomic_load_n(word, __ATOMIC_RELAXED) == value;
}
inline bool byte_is_below(const std::uint8_t* byte, std::uint8_t value) {
    return __atomic_load_n(byte, __ATOMIC_ACQUIRE) < value;
}
inline bool set_bit(std::uint64_t& word, std::uint64_t bit_index) {
    const std::uint64_t bit = std::uint64_t{1} << bit_index % 64;
    const bool was_set = (word & bit) != 0;
    word |= bit;
    return was_set;
}
inline void address_anew(std::uint64_t&) {}
inline std::uint64_t lowest_bit(std::uint64_t word) {
    return static_cast<std::uint64_t>(__builtin_ctzll(word));
}

inline void copy_bytes(void* to, const void* from, std::size_t byte_count) {
    auto* const target = static_cast<unsigned char*>(to);
    for (std::size_t i = 0; i < byte_count; ++i)
        target[i] = static_cast<const unsigned char*>(from)[i];
}

inline void zero_bytes(void* to, std::size_t byte_count) {
    auto* const words = static_cast<std::uint64_t*>(to);
    for (std::size_t i = 0; i < byte_count / 8; ++i) words[i] = 0;
}

}  // namespace emma::arch

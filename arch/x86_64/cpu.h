// SPDX-License-Identifier: MIT OR Apache-2.0
// What the allocator and the program start code need from an x86-64 (level v1) processor beyond
// plain C++: one purpose a function, each with its contract above it. No state, no system calls.
#pragma once

#include <cstddef>
#include <cstdint>

namespace emma::arch {

inline constexpr std::size_t kCacheLineBytes = 64;

// Tells the processor that this is a retry loop. In: nothing. Destroys: nothing.
inline void pause() { asm volatile("pause"); }

// Ends the thread with an illegal-instruction fault (SIGILL on Linux). Never returns.
[[noreturn]] inline void trap() {
    asm volatile("ud2");
    __builtin_unreachable();
}

// Comparisons with one load from memory, which is relaxed in the first and acquire in the second,
// as all loads of this CPU are. Spelt in assembly because compilers load an atomic into a register
// first; on every malloc and free that is an instruction of thirty.
inline bool word_equals(const std::uint64_t* word, std::uint64_t value) {
    bool is_equal;
    asm volatile("cmpq %[value], %[word]"
                 : "=@cce"(is_equal)
                 : [word] "m"(*word), [value] "r"(value));
    return is_equal;
}
inline bool byte_is_below(const std::uint8_t* byte, std::uint8_t value) {
    bool is_below;
    asm volatile("cmpb %[value], %[byte]"
                 : "=@ccb"(is_below)
                 : [byte] "m"(*byte), [value] "q"(value)
                 : "memory");
    return is_below;
}

// Sets bit `bit_index` modulo 64 of a word in a register and returns its old value. Spelt in
// assembly because compilers build and shift a mask, test and or it: six instructions for one.
inline bool set_bit(std::uint64_t& word, std::uint64_t bit_index) {
    bool was_set;
    asm("btsq %[bit], %[word]" : "=@ccc"(was_set), [word] "+r"(word) : [bit] "r"(bit_index));
    return was_set;
}

// Index of the lowest set bit; `word` is not 0. `rep bsf` is tzcnt on CPUs that have it. Spelt in
// assembly because compilers sign-extend the int of the built-in function.
inline std::uint64_t lowest_bit(std::uint64_t word) {
    std::uint64_t bit_index;
    asm("rep bsfq %[word], %[index]" : [index] "=r"(bit_index) : [word] "r"(word) : "cc");
    return bit_index;
}

// What is addressed by `part` from here on has an address of its own, which an instruction's
// operand computes on the way. Compilers compute what two uses share apart, an instruction more
// each time.
inline void address_anew(std::uint64_t& part) { asm("" : "+r"(part)); }

// Copies `byte_count` bytes from lower to higher addresses; the ranges do not overlap, or `to` lies
// below `from`. Direction flag clear on entry (psABI 3.2.1). One instruction, so that the library
// needs no memcpy; fast from about 256 bytes on every CPU of the last decade.
inline void copy_bytes(void* to, const void* from, std::size_t byte_count) {
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(byte_count) : : "memory");
}

// Writes `byte_count` zero bytes; `to` is 8-byte aligned and `byte_count` a multiple of 8.
inline void zero_bytes(void* to, std::size_t byte_count) {
    std::size_t word_count = byte_count / 8;
    asm volatile("rep stosq" : "+D"(to), "+c"(word_count) : "a"(0) : "memory");
}

}  // namespace emma::arch

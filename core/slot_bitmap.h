// SPDX-License-Identifier: MIT OR Apache-2.0
// Words of slot bits, 1 = free (or, in the remote bitmap, freed by another thread and not yet
// collected). Pure helpers over one word and over a slab's row of words; who may write which row is
// said in slab.h. Words are Atomic because other threads look at them, but a row has one writer:
// relaxed loads and stores compile to plain ones.
#pragma once

#include <bit>
#include <cstdint>

#include "core/atomic.h"
#include "core/layout.h"
#include "core/size_class.h"

namespace emma {

using BitmapWord = Atomic<std::uint64_t>;

constexpr unsigned word_index_of(SlotIndex slot) { return raw(slot) / 64; }
constexpr std::uint64_t bit_of(SlotIndex slot) { return std::uint64_t{1} << (raw(slot) % 64); }
constexpr unsigned word_count_for(unsigned slot_count) { return (slot_count + 63) / 64; }

// Index of the lowest set bit; `word` is not 0.
constexpr unsigned lowest_bit(std::uint64_t word) {
    return static_cast<unsigned>(std::countr_zero(word));
}

// The lowest `count` bits (1..64).
constexpr std::uint64_t low_bits(unsigned count) { return ~std::uint64_t{0} >> (64 - count); }

// How many bits are set, without the popcnt instruction that the baseline lacks (and without the
// libgcc call that std::popcount becomes): sums of ever wider fields. Not inlined: of its callers
// none is hot, and the constants alone are 40 bytes.
[[gnu::noinline]] constexpr unsigned count_bits(std::uint64_t word) {
    word -= (word >> 1) & 0x5555555555555555;
    word = (word & 0x3333333333333333) + ((word >> 2) & 0x3333333333333333);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return static_cast<unsigned>((word * 0x0101010101010101) >> 56);
}
// The same in a step for each, and in few bytes: for those of malloc's family who find few bits or
// seldom ask.
constexpr unsigned count_few_bits(std::uint64_t word) {
    unsigned count = 0;
    for (; word != 0; word &= word - 1) ++count;
    return count;
}
static_assert(count_few_bits(0) == 0 && count_few_bits(~std::uint64_t{0}) == 64);
static_assert(count_bits(0) == 0 && count_bits(~std::uint64_t{0}) == 64 && count_bits(0x81) == 2);

// Marks the first `slot_count` slots free. Bits behind the last slot in its word stay 0, so they
// are never handed out.
inline void fill_free(BitmapWord* words, unsigned slot_count) {
    for (; slot_count > 64; slot_count -= 64)
        (words++)->store(~std::uint64_t{0}, memory_order_relaxed);
    words->store(low_bits(slot_count), memory_order_relaxed);
}

// Whether all slots from the first to the last are free.
inline bool are_free(const BitmapWord* words, unsigned first_slot, unsigned last_slot) {
    for (unsigned index = first_slot / 64; index <= last_slot / 64; ++index) {
        std::uint64_t wanted = ~std::uint64_t{0};
        if (index == first_slot / 64) wanted <<= first_slot % 64;
        if (index == last_slot / 64) wanted &= low_bits(last_slot % 64 + 1);
        if ((~words[index].load(memory_order_relaxed) & wanted) != 0) return false;
    }
    return true;
}

// Free slots among the first `slot_count`; a snapshot where the owner is at work.
inline unsigned count_free(const BitmapWord* words, unsigned slot_count) {
    unsigned sum = 0;
    for (unsigned index = 0; index < word_count_for(slot_count); ++index)
        sum += count_bits(words[index].load(memory_order_relaxed));
    return sum;
}

}  // namespace emma

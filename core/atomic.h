// SPDX-License-Identifier: MIT OR Apache-2.0
// Atomic<T>: a value that several threads (or a thread and its signal handlers) touch. Every
// operation names its memory order; there are no operators and no conversions, so that each access
// in the code says what it pairs with. All-zero storage is a valid Atomic holding zero.
#pragma once

#include <atomic>
#include <cstdint>

#include "arch/arch.h"

namespace emma {

using std::memory_order_acq_rel;
using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;
using std::memory_order_seq_cst;

template <typename T>
class Atomic {
  public:
    constexpr Atomic() = default;
    constexpr explicit Atomic(T initial) : value_(initial) {}
    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

    T load(std::memory_order order) const { return value_.load(order); }
    // Relaxed load and comparison in one instruction.
    bool equals(T value) const requires(sizeof(T) == 8) {
        return arch::word_equals(reinterpret_cast<const std::uint64_t*>(&value_), value);
    }
    // Acquire load and comparison in one instruction.
    bool is_below(T value) const requires(sizeof(T) == 1) {
        return arch::byte_is_below(reinterpret_cast<const std::uint8_t*>(&value_), value);
    }
    void store(T value, std::memory_order order) { value_.store(value, order); }
    T exchange(T value, std::memory_order order) { return value_.exchange(value, order); }
    T fetch_add(T value, std::memory_order order) { return value_.fetch_add(value, order); }
    T fetch_sub(T value, std::memory_order order) { return value_.fetch_sub(value, order); }

    // For the effect only: with the old value used, this becomes a compare-and-swap loop.
    void set_bits(T bits, std::memory_order order) { (void)value_.fetch_or(bits, order); }
    void clear_bits(T bits, std::memory_order order) { (void)value_.fetch_and(~bits, order); }

    // Strong; on failure `expected` holds what was found.
    bool compare_exchange(T& expected, T desired, std::memory_order success,
                          std::memory_order failure) {
        return value_.compare_exchange_strong(expected, desired, success, failure);
    }

  private:
    std::atomic<T> value_{};
    static_assert(std::atomic<T>::is_always_lock_free);
    static_assert(sizeof(std::atomic<T>) == sizeof(T));
};

// Keeps the compiler from moving memory accesses across; what a thread's own signal handlers see is
// then in program order (C++20 [atomics.fences]/5).
inline void signal_fence() { std::atomic_signal_fence(memory_order_seq_cst); }

}  // namespace emma

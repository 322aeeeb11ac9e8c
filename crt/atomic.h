// SPDX-License-Identifier: MIT OR Apache-2.0
// Atomic<T> for crt/, of the same shape as the allocator's: every operation names its order, no
// operators, no conversions, all-zero is a valid zero. On the compilers' builtins and not on
// <atomic>, which in libstdc++'s C++20 takes in <string> and <cstdlib>: their declarations of exit,
// atexit and the like would clash with the definitions here.
#pragma once

namespace emma::crt {

enum MemoryOrder : int {
    kRelaxed = __ATOMIC_RELAXED,
    kAcquire = __ATOMIC_ACQUIRE,
    kRelease = __ATOMIC_RELEASE,
    kAcquireRelease = __ATOMIC_ACQ_REL,
};

template <typename T>
class Atomic {
  public:
    constexpr Atomic() = default;
    constexpr explicit Atomic(T initial) : value_(initial) {}
    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

    T load(MemoryOrder order) const { return __atomic_load_n(&value_, order); }
    void store(T value, MemoryOrder order) { __atomic_store_n(&value_, value, order); }
    T exchange(T value, MemoryOrder order) { return __atomic_exchange_n(&value_, value, order); }
    T fetch_add(T value, MemoryOrder order) { return __atomic_fetch_add(&value_, value, order); }
    T fetch_sub(T value, MemoryOrder order) { return __atomic_fetch_sub(&value_, value, order); }

    // Strong; on failure `expected` holds what was found.
    bool compare_exchange(T& expected, T desired, MemoryOrder success, MemoryOrder failure) {
        return __atomic_compare_exchange_n(&value_, &expected, desired, false, success, failure);
    }

    // For the futex calls.
    const void* address() const { return &value_; }

  private:
    T value_{};
};

}  // namespace emma::crt

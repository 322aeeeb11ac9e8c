// SPDX-License-Identifier: MIT OR Apache-2.0
// How a system call's outcome is carried: a value or an error number, never a global errno. Used by
// every typed call in this folder; holds no state.
#pragma once

#include <cstdint>

namespace emma::arch {

// The error numbers that Emma tells apart (Linux uapi/asm-generic/errno-base.h); any other value
// the kernel gives is carried as it is.
enum class Errno : int {
    kNone = 0,
    kNoProcess = 3,
    kAgain = 11,
    kNoMemory = 12,
    kExists = 17,
    kInvalid = 22,
    kDeadlock = 35,
};

// Either a T or an error; [[nodiscard]] because a dropped failure is the usual bug.
template <typename T>
class [[nodiscard]] Result {
  public:
    constexpr Result(T value) : value_(value) {}
    constexpr Result(Errno error) : error_(error) {}

    constexpr bool ok() const { return error_ == Errno::kNone; }
    constexpr T value() const { return value_; }
    constexpr T value_or(T other) const { return ok() ? value_ : other; }
    constexpr Errno error() const { return error_; }

  private:
    T value_{};
    Errno error_ = Errno::kNone;
};

// The kernel's convention: -4095..-1 is an error number negated (man 2 syscall, notes).
constexpr bool is_error(long raw) { return static_cast<unsigned long>(raw) > -4096UL; }
constexpr Errno error_of(long raw) {
    return is_error(raw) ? static_cast<Errno>(-raw) : Errno::kNone;
}
// The same of a call that returns 0 or an error.
constexpr Errno status_of(long raw) { return static_cast<Errno>(-raw); }
static_assert(is_error(-1) && is_error(-4095) && !is_error(-4096) && !is_error(0));

}  // namespace emma::arch

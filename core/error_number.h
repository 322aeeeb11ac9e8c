// SPDX-License-Identifier: MIT OR Apache-2.0
// The program's errno, where it has one: crt/ or a libc provides the location, and without either
// the weak reference is null. Thread- and signal-safe as that location is.
#pragma once

#include <cstddef>

extern "C" int* __errno_location() noexcept __attribute__((weak));

namespace emma {

inline constexpr int kEperm = 1;
inline constexpr int kEnomem = 12;
inline constexpr int kEinval = 22;

// Sets errno and returns null.
[[gnu::cold, gnu::noinline]] void* fail(int error);

inline void* or_enomem(void* object) { return object != nullptr ? object : fail(kEnomem); }

}  // namespace emma

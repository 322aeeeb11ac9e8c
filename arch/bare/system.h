// SPDX-License-Identifier: MIT OR Apache-2.0
// Below a program that has no system: nobody knows which threads there are, there is nothing to
// write to, and pages are populated by being written. The one thing that the program can offer is
// its barrier (emma_bare.h). For core/, by way of arch/system.h; never a system call.
#pragma once

#include "arch/arch.h"
#include "arch/linux/result.h"

// The program's, if it has one; declared for programs in emma_bare.h.
extern "C" bool emma_bare_barrier(void) noexcept __attribute__((weak));

namespace emma::arch {

inline constexpr Errno kNoSystem{38};  // ENOSYS
inline constexpr int kStderr = 2;

// All threads are one: none is ever known to have ended. Not 0, which would name nobody.
inline std::uint32_t process_id() { return 1; }
inline std::uint32_t thread_id() { return 1; }
inline bool thread_is_gone(std::uint32_t, std::uint32_t) { return false; }

inline bool barrier_on_all_threads() { return emma_bare_barrier != nullptr && emma_bare_barrier(); }

// Nobody is known to stand in the way.
[[noreturn]] inline void end_by_trap() { trap(); }

inline Result<std::size_t> write(int, const void*, std::size_t) { return kNoSystem; }

inline Errno populate(void*, std::size_t) { return kNoSystem; }

// There are no forks.
inline Errno wipe_on_fork(void*, std::size_t) { return kNoSystem; }

}  // namespace emma::arch

// SPDX-License-Identifier: MIT OR Apache-2.0
// What the allocator asks the kernel about threads: who calls, whether another thread still exists,
// and a barrier on all of them. For core/; starting and ending threads is thread.h. Thread- and
// signal-safe.
#pragma once

#include "arch/arch.h"
#include "arch/linux/result.h"

namespace emma::arch {

inline constexpr long kMembarrierPrivateExpedited = 8;
inline constexpr long kMembarrierRegisterPrivateExpedited = 16;

// getpid(2), gettid(2): cannot fail.
inline std::uint32_t process_id() { return static_cast<std::uint32_t>(syscall0(kSysGetpid)); }
inline std::uint32_t thread_id() { return static_cast<std::uint32_t>(syscall0(kSysGettid)); }

// tgkill(2) with signal 0: nothing is sent. True where the kernel says that the process has no such
// thread; any other answer, a sandbox's refusal too, is no proof.
inline bool thread_is_gone(std::uint32_t process, std::uint32_t thread) {
    return error_of(syscall3(kSysTgkill, static_cast<long>(process), static_cast<long>(thread),
                             0)) == Errno::kNoProcess;
}

// membarrier(2): every running thread of the process has passed a full memory barrier when this
// returns true. The first call of a process (after a fork too) registers it. False: not offered.
inline bool barrier_on_all_threads() {
    if (syscall3(kSysMembarrier, kMembarrierPrivateExpedited, 0, 0) == 0) return true;
    return syscall3(kSysMembarrier, kMembarrierRegisterPrivateExpedited, 0, 0) == 0 &&
           syscall3(kSysMembarrier, kMembarrierPrivateExpedited, 0, 0) == 0;
}

}  // namespace emma::arch

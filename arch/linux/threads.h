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

// getpid(2), gettid(2): 0 if a sandbox refuses the call, which is the id of no process and no
// thread. Ids are below 2^22 (proc(5), pid_max).
inline std::uint32_t id_or_none(long raw) {
    return static_cast<unsigned long>(raw) < 1ul << 22 ? static_cast<std::uint32_t>(raw) : 0;
}
inline std::uint32_t process_id() { return id_or_none(syscall0(kSysGetpid)); }
inline std::uint32_t thread_id() { return id_or_none(syscall0(kSysGettid)); }

// tgkill(2) with signal 0: nothing is sent.
inline Errno look_for_thread(std::uint32_t process, std::uint32_t thread) {
    return error_of(syscall3(kSysTgkill, static_cast<long>(process), static_cast<long>(thread), 0));
}
// True if the kernel says that the process, the caller's, has no such thread. Any other answer, a
// sandbox's refusal too, is no proof; nor is an answer that denies the caller as well.
inline bool thread_is_gone(std::uint32_t process, std::uint32_t thread) {
    return look_for_thread(process, thread) == Errno::kNoProcess &&
           look_for_thread(process, thread_id()) == Errno::kNone;
}

// membarrier(2): every running thread of the process has passed a full memory barrier when this
// returns true. The first call of a process (after a fork too) registers it. False: not offered.
inline bool barrier_on_all_threads() {
    if (syscall3(kSysMembarrier, kMembarrierPrivateExpedited, 0, 0) == 0) return true;
    return syscall3(kSysMembarrier, kMembarrierRegisterPrivateExpedited, 0, 0) == 0 &&
           syscall3(kSysMembarrier, kMembarrierPrivateExpedited, 0, 0) == 0;
}

}  // namespace emma::arch

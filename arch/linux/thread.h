// SPDX-License-Identifier: MIT OR Apache-2.0
// The system calls around a thread's beginning and end, typed: for crt/ only. The two entry points
// written in assembly are declared here.
#pragma once

#include "arch/arch.h"
#include "arch/linux/result.h"

// arch/<cpu>/clone.S
extern "C" long emma_arch_clone(unsigned long flags, void* stack_top, std::uint32_t* parent_tid,
                                std::uint32_t* child_tid, emma::arch::ThreadControlBlock* thread,
                                void (*entry)(void*), void* argument);
extern "C" [[noreturn]] void emma_arch_unmap_and_exit(void* base, std::size_t byte_count);

namespace emma::arch {

// clone.S spells these out.
static_assert(kSysMunmap == 11 && kSysClone == 56 && kSysExit == 60);

// CLONE_VM | FS | FILES | SIGHAND | THREAD | SYSVSEM | SETTLS | PARENT_SETTID | CHILD_CLEARTID: the
// set that the libcs of Linux use too, so that seccomp filters written for them fit.
inline constexpr unsigned long kCloneThreadFlags = 0x3d0f00;

inline constexpr long kArchSetFs = 0x1002;
inline constexpr long kSignalSetMask = 2;

// All 64 signals of Linux, one bit each.
using SignalMask = std::uint64_t;
inline constexpr SignalMask kEverySignal = ~SignalMask{0};

// arch_prctl(2), ARCH_SET_FS.
inline Errno set_thread_pointer(ThreadControlBlock* thread) {
    return error_of(syscall2(kSysArchPrctl, kArchSetFs, reinterpret_cast<long>(thread)));
}

// rt_sigprocmask(2), SIG_SETMASK: the calling thread's mask; returns the one before. It fails only
// if a sandbox refuses it; then nothing has changed.
inline SignalMask set_signal_mask(SignalMask mask) {
    SignalMask before = 0;
    syscall4(kSysRtSigprocmask, kSignalSetMask, reinterpret_cast<long>(&mask),
             reinterpret_cast<long>(&before), sizeof mask);
    return before;
}

// set_tid_address(2) with null: the kernel will write nowhere when this thread ends. False if a
// sandbox refuses it.
inline bool forget_clear_on_exit_word() { return !is_error(syscall1(kSysSetTidAddress, 0)); }

// exit(2): this thread alone ends.
[[noreturn]] inline void exit_thread() {
    for (;;) syscall1(kSysExit, 0);
}

}  // namespace emma::arch

// SPDX-License-Identifier: MIT OR Apache-2.0
// Writing, ending, waiting: the remaining system calls, typed. Thread- and signal-safe.
#pragma once

#include "arch/arch.h"
#include "arch/linux/result.h"

namespace emma::arch {

inline constexpr long kFutexWait = 0;
inline constexpr long kFutexWake = 1;
inline constexpr long kFutexPrivate = 128;
inline constexpr int kStderr = 2;

// write(2): bytes written, which may be fewer than asked.
inline Result<std::size_t> write(int descriptor, const void* bytes, std::size_t byte_count) {
    const long raw = syscall3(kSysWrite, descriptor, reinterpret_cast<long>(bytes),
                              static_cast<long>(byte_count));
    if (is_error(raw)) return error_of(raw);
    return static_cast<std::size_t>(raw);
}

// exit_group(2): every thread of the process ends.
[[noreturn]] inline void exit_process(int status) {
    for (;;) syscall1(kSysExitGroup, status);
}

// Ends the program by an illegal-instruction fault (SIGILL) that no handler sees: with the signal
// blocked the kernel kills. A handler that returned would come here again and again, one that jumps
// would go on after a proven misuse. rt_sigprocmask(2), SIG_SETMASK; if a sandbox refuses even
// that, the fault ends the program all the same, unless it has such a handler.
[[noreturn]] inline void end_by_trap() {
    constexpr std::uint64_t kEverySignal = ~std::uint64_t{0};
    syscall4(kSysRtSigprocmask, 2, reinterpret_cast<long>(&kEverySignal), 0, sizeof kEverySignal);
    trap();
}

// futex(2), FUTEX_WAIT without a timeout: sleeps while `*word == expected`. The kernel wakes the
// clear-on-exit word of a thread with a shared key, so that one must be waited on with `shared`.
inline Errno futex_wait(const void* word, std::uint32_t expected, bool shared) {
    return error_of(syscall4(kSysFutex, reinterpret_cast<long>(word),
                             kFutexWait | (shared ? 0 : kFutexPrivate), static_cast<long>(expected),
                             0));
}

// futex(2), FUTEX_WAKE: wakes at most `waiter_count` sleepers.
inline Errno futex_wake(const void* word, std::uint32_t waiter_count, bool shared) {
    return error_of(syscall3(kSysFutex, reinterpret_cast<long>(word),
                             kFutexWake | (shared ? 0 : kFutexPrivate),
                             static_cast<long>(waiter_count)));
}

}  // namespace emma::arch

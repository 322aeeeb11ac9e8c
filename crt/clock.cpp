// SPDX-License-Identifier: MIT OR Apache-2.0
// clock_gettime(2), a system call of the program's own: <chrono> calls it, and what another libc's
// archive has of <time.h>. Nothing of Emma asks for the time. Thread- and signal-safe.
#include "arch/arch.h"
#include "crt/public.h"

extern "C" {

int* __errno_location();
struct timespec;

// -1 with errno set after an error.
EMMA_CRT_PUBLIC int clock_gettime(int clock, timespec* time) {
    constexpr long kClockGettime = 228;
    const long raw = emma::arch::syscall2(kClockGettime, clock, reinterpret_cast<long>(time));
    if (raw == 0) return 0;
    *__errno_location() = static_cast<int>(-raw);
    return -1;
}

// How the objects of musl call it. Its own looks for the kernel's shared object by what musl's
// start would have left.
EMMA_CRT_PUBLIC int __clock_gettime(int clock, timespec* time)
    __attribute__((alias("clock_gettime")));
}

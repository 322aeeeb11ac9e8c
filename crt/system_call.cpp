// SPDX-License-Identifier: MIT OR Apache-2.0
// syscall and sched_yield under their usual names: libstdc++'s atomic waiting calls them. Thread-
// and signal-safe as the calls themselves are.
#include "arch/arch.h"
#include "crt/include/emma_crt.h"
#include "crt/public.h"

extern "C" {

int* __errno_location();

// syscall(2): -1 with errno set after an error.
EMMA_CRT_PUBLIC long syscall(long number, long a, long b, long c, long d, long e, long f) {
    const long raw = emma_syscall(number, a, b, c, d, e, f);
    if (raw >= 0 || raw < -4095) return raw;
    *__errno_location() = static_cast<int>(-raw);
    return -1;
}

EMMA_CRT_PUBLIC int sched_yield() {
    constexpr long kSchedYield = 24;
    (void)emma::arch::syscall0(kSchedYield);
    return 0;
}
}

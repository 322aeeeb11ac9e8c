// SPDX-License-Identifier: MIT OR Apache-2.0
// raise (C23 7.14.3.1): a signal for the calling thread, by tgkill(2). Thread- and signal-safe.
#include "arch/system.h"
#include "crt/public.h"

extern "C" {

int* __errno_location();

// 0, or -1 with errno set.
EMMA_CRT_PUBLIC int raise(int signal) {
    constexpr long kTgkill = 234;
    const long raw =
        emma::arch::syscall3(kTgkill, emma::arch::process_id(), emma::arch::thread_id(), signal);
    if (raw == 0) return 0;
    *__errno_location() = static_cast<int>(-raw);
    return -1;
}
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// The raw system call of emma_crt.h, for what programs do beyond allocating. The library itself
// never calls it: its own calls are the typed ones of arch/linux.
#include "arch/arch.h"
#include "crt/include/emma_crt.h"
#include "crt/public.h"

// Reads six arguments however many were passed: the ones not passed are whatever the registers and
// the caller's frame hold, and the kernel ignores them.
extern "C" EMMA_CRT_PUBLIC long emma_syscall(long number, ...) {
    long arguments[6];
    __builtin_va_list list;
    __builtin_va_start(list, number);
    for (long& argument : arguments) argument = __builtin_va_arg(list, long);
    __builtin_va_end(list);
    return emma::arch::syscall6(number, arguments[0], arguments[1], arguments[2], arguments[3],
                                arguments[4], arguments[5]);
}

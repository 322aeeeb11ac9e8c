// SPDX-License-Identifier: MIT OR Apache-2.0
// memset_explicit (C23 7.26.6.2): a fill that no optimiser leaves out.
#include "crt/string/functions.h"

EMMA_CRT_C void* memset_explicit(void* to, int byte, std::size_t n) {
    memset(to, byte, n);
    asm volatile("" ::"r"(to) : "memory");
    return to;
}

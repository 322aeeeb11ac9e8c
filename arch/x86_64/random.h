// SPDX-License-Identifier: MIT OR Apache-2.0
// What can be had without the system that others cannot guess.
#pragma once

#include <cstdint>

#include "arch/x86_64/cpuid.h"

namespace emma::arch {

// The stack protector's secret (x86-64: %fs:0x28). Only where the thread has a thread pointer.
inline std::uint64_t stack_canary() {
    std::uint64_t canary;
    asm("movq %%fs:0x28, %0" : "=r"(canary));
    return canary;
}

// A random number if the processor has them and one is ready (Intel SDM vol. 2B, RDRAND), otherwise
// the clock's lowest bits in front (vol. 2B, RDTSC). The clock alone may be refused by prctl(2),
// PR_SET_TSC.
inline std::uint64_t random_word() {
    constexpr std::uint32_t kHasRdrand = std::uint32_t{1} << 30;
    if ((cpuid(1, 0).ecx & kHasRdrand) != 0) {
        std::uint64_t random;
        bool is_ready;
        asm volatile("rdrand %0" : "=r"(random), "=@ccc"(is_ready));
        if (is_ready) return random;
    }
    std::uint64_t low, high;  // of 32 bits each
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return low << 32 | high;
}

}  // namespace emma::arch

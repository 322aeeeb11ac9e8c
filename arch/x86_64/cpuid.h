// SPDX-License-Identifier: MIT OR Apache-2.0
// What an x86-64 processor can do beyond level v1: asked only by code that has a baseline form too.
// Unprivileged; in a virtual machine cpuid takes microseconds.
#pragma once

#include <cstdint>

namespace emma::arch {

struct CpuidResult {
    std::uint32_t eax, ebx, ecx, edx;
};

// Intel SDM vol. 2A, CPUID. Leaf 0 gives the highest leaf in eax.
inline CpuidResult cpuid(std::uint32_t leaf, std::uint32_t subleaf) {
    CpuidResult result;
    asm volatile("cpuid"
                 : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                 : "a"(leaf), "c"(subleaf));
    return result;
}

// XCR0: which register states the system saves (Intel SDM vol. 1, 13.3). Only where leaf 1 has
// OSXSAVE (ecx bit 27). Spelt as bytes: not every assembler target of the baseline knows the name.
inline std::uint64_t saved_states() {
    std::uint32_t low, high;
    asm volatile(".byte 0x0f, 0x01, 0xd0" : "=a"(low), "=d"(high) : "c"(0));  // xgetbv
    return std::uint64_t{high} << 32 | low;
}

}  // namespace emma::arch

// SPDX-License-Identifier: MIT OR Apache-2.0
// Asks the processor once what the memory functions may use, see string_wide.h.
#include "arch/x86_64/cpuid.h"
#include "crt/string_wide.h"

namespace emma::crt {
namespace {

// Bits of cpuid (Intel SDM vol. 2A) and of XCR0, which says what registers the system saves.
constexpr std::uint32_t kLeaf1EcxOsxsave = 1u << 27;
constexpr std::uint32_t kLeaf1EcxAvx = 1u << 28;
constexpr std::uint32_t kLeaf7EbxAvx2 = 1u << 5;
constexpr std::uint32_t kLeaf7EbxErms = 1u << 9;
constexpr std::uint32_t kLeaf7EbxAvx512F = 1u << 16;
constexpr std::uint64_t kXcr0Avx = 0x06;
constexpr std::uint64_t kXcr0Avx512 = 0xe6;

// Vol. 1, 14.3, 14.7.1 and 15.2: the order in which one has to ask.
std::uint8_t ask() {
    std::uint8_t found = CpuFeatures::kKnown;
    if (arch::cpuid(0, 0).eax < 7) return found;
    const std::uint32_t leaf7_ebx = arch::cpuid(7, 0).ebx;
    if ((leaf7_ebx & kLeaf7EbxErms) != 0) found |= CpuFeatures::kFastRepeatedMove;
    const std::uint32_t leaf1_ecx = arch::cpuid(1, 0).ecx;
    if ((leaf1_ecx & kLeaf1EcxOsxsave) == 0 || (leaf1_ecx & kLeaf1EcxAvx) == 0) return found;
    const std::uint64_t saved = arch::saved_states();
    if ((saved & kXcr0Avx) != kXcr0Avx || (leaf7_ebx & kLeaf7EbxAvx2) == 0) return found;
    found |= CpuFeatures::kAvx2;
    if ((saved & kXcr0Avx512) == kXcr0Avx512 && (leaf7_ebx & kLeaf7EbxAvx512F) != 0) {
        found |= CpuFeatures::kAvx512;
    }
    return found;
}

}  // namespace

constinit std::uint8_t known_features = 0;

std::uint8_t ask_processor() {
    const std::uint8_t bits = ask();
    __atomic_store_n(&known_features, bits, __ATOMIC_RELAXED);
    return bits;
}

}  // namespace emma::crt

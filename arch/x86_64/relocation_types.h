// SPDX-License-Identifier: MIT OR Apache-2.0
// The relocations that linkers leave in a static-PIE for x86-64 (psABI 4.4.1, table 4.9): S is a
// symbol's address, A the addend, B the load bias. No state, no code.
#pragma once

#include <cstdint>

namespace emma::arch {

enum RelocationType : std::uint32_t {
    kRelocationNone = 0,             // a place that the linker counted and did not need
    kRelocation64 = 1,               // S + A
    kRelocationGlobalData = 6,       // S
    kRelocationJumpSlot = 7,         // S
    kRelocationRelative = 8,         // B + A
    kRelocationTlsModule = 16,       // the module's number
    kRelocationTlsOffset = 17,       // S + A within the TLS block
    kRelocationTlsFromPointer = 18,  // S + A relative to the thread pointer
    kRelocationTlsDescriptor = 36,   // two words: a function and its argument
    kRelocationIndirect = 37,        // what the function at B + A returns
    kRelocationRelative64 = 38,      // B + A
};

}  // namespace emma::arch

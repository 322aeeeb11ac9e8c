// SPDX-License-Identifier: MIT OR Apache-2.0
// Self-relocation of a static-PIE: the program is its own loader. Runs before anything that needs a
// relocated pointer, so it uses no writable global, no pointer table, no TLS and no canary.
#pragma once

#include "crt/auxv.h"

// Applies DT_RELA and DT_RELR of the dynamic section at `dynamic` and returns the load bias: how
// far from its linked addresses the program was loaded. Anything but a relative relocation ends the
// process with a line: it would need a symbol look-up, which the static link should have done.
//
// entry.S refers to it weakly and hands its address on: only the script of the static-PIE link
// (EXTERN in static-pie.ld) takes it from the archive, so that a program at fixed addresses does
// not carry it; and a comparison with null in C++ would read the GOT, which is not relocated yet.
extern "C" [[gnu::cold]] std::uintptr_t emma_crt_relocate(
    const emma::crt::ProgramHeaders& headers, const emma::crt::elf::DynamicEntry* dynamic);

namespace emma::crt {

// Makes the pages of PT_GNU_RELRO read-only, if there are any. After the last relocation.
[[gnu::cold]] void protect_relocated(const ProgramHeaders& headers, std::uintptr_t bias,
                                     std::size_t page_bytes);

}  // namespace emma::crt

// SPDX-License-Identifier: MIT OR Apache-2.0
// Self-relocation of a static-PIE: the program is its own loader. Runs before anything that needs a
// relocated pointer, so it uses no writable global, no pointer table, no TLS and no canary.
#pragma once

#include "crt/auxv.h"

namespace emma::crt {

// How far from its linked addresses the program was loaded. `dynamic` is where the dynamic section
// is now; null in a program that was linked at fixed addresses.
std::uintptr_t load_bias_early(const ProgramHeaders& headers, const elf::DynamicEntry* dynamic);

// Applies DT_RELA and DT_RELR. Anything but a relative relocation ends the process with a line: it
// would need a symbol look-up, which the static link should have done (`-z text`, no IFUNCs).
void relocate_early(const elf::DynamicEntry* dynamic, std::uintptr_t bias);

// Makes the pages of PT_GNU_RELRO read-only, if there are any. After the last relocation.
void protect_relocated(const ProgramHeaders& headers, std::uintptr_t bias, std::size_t page_bytes);

}  // namespace emma::crt

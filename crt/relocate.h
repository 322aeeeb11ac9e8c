// SPDX-License-Identifier: MIT OR Apache-2.0
// What a dynamic linker does in a libc's program, done by the program itself at its start:
//
//   1. emma_crt_relocate(kData), static-PIE only: every relocation but those of step 2. It runs
//      before anything that needs a relocated pointer, so it uses no writable global, no pointer
//      table, no TLS and no canary.
//   2. resolve_functions, or emma_crt_relocate(kFunctions) in a static-PIE: the relocations that
//      functions of the program decide (IFUNC, and target_clones, which is made of it). These
//      resolvers are compiled with the program's flags: they run when there is a thread pointer
//      with TLS and a canary, when every other pointer is right, and before the first constructor.
//   3. protect_relocated: what both have written becomes read-only.
#pragma once

#include "crt/auxv.h"

namespace emma::crt {

enum class RelocationStep : int { kData, kFunctions };

// What the resolver at this address returns. GNU's convention on x86-64 passes no argument.
inline std::uintptr_t call_resolver(std::uintptr_t resolver) {
    return reinterpret_cast<std::uintptr_t (*)()>(resolver)();
}

// Step 2 of a program at fixed addresses: the table that its linker left between two symbols.
[[gnu::cold]] void resolve_functions(const ProgramHeaders& headers);

// Step 3: the pages of PT_GNU_RELRO, if there are any. `bias` is what emma_crt_relocate returned.
[[gnu::cold]] void protect_relocated(const ProgramHeaders& headers, std::uintptr_t bias,
                                     std::size_t page_bytes);

}  // namespace emma::crt

// Applies the relocations of `step` that the dynamic section at `dynamic` has, and returns the load
// bias: how far from its linked addresses the program was loaded. What cannot be served (a kind for
// shared objects, a symbol that nothing in the program defines, relocations in the text) ends the
// process with a line.
//
// entry.S refers to it weakly and hands its address on: only the script of the static-PIE link
// (EXTERN in static-pie.ld) takes it from the archive, so that a program at fixed addresses does
// not carry it; and a comparison with null in C++ would read the GOT, which is not relocated yet.
extern "C" [[gnu::cold]] std::uintptr_t emma_crt_relocate(
    emma::crt::RelocationStep step, const emma::crt::ProgramHeaders& headers,
    const emma::crt::elf::DynamicEntry* dynamic);

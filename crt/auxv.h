// SPDX-License-Identifier: MIT OR Apache-2.0
// What the kernel leaves on the initial stack: arguments, environment, auxiliary vector (psABI
// 3.4.1). `read_initial_stack` may run before relocations and TLS exist; `publish` makes the result
// visible to the program and runs once, in start-up.
#pragma once

#include <cstddef>
#include <cstdint>

#include "crt/elf.h"

namespace emma::crt {

struct InitialStack {
    int argument_count;
    char** arguments;
    char** environment;
    const elf::AuxiliaryEntry* auxiliary;
};

// Two words of the stack lead to the three vectors:
//   argc | argv[0..argc-1] | 0 | envp[...] | 0 | auxv[...] | AT_NULL
inline InitialStack read_initial_stack_early(std::uintptr_t* stack) {
    InitialStack found;
    found.argument_count = static_cast<int>(stack[0]);
    found.arguments = reinterpret_cast<char**>(stack + 1);
    found.environment = found.arguments + found.argument_count + 1;
    char** end = found.environment;
    while (*end != nullptr) ++end;
    found.auxiliary = reinterpret_cast<const elf::AuxiliaryEntry*>(end + 1);
    return found;
}

// The value of the entry of `type`, or 0 where there is none.
std::uint64_t find_auxiliary_early(const elf::AuxiliaryEntry* auxiliary, std::uint64_t type);

// The program headers as loaded (AT_PHDR, AT_PHNUM).
class ProgramHeaders {
  public:
    explicit ProgramHeaders(const elf::AuxiliaryEntry* auxiliary)
        : first_(reinterpret_cast<const elf::ProgramHeader*>(
              find_auxiliary_early(auxiliary, elf::kAuxProgramHeaders))),
          count_(first_ == nullptr ? 0
                                   : find_auxiliary_early(auxiliary, elf::kAuxProgramHeaderCount)) {
    }

    // The first header of `type`, or null.
    const elf::ProgramHeader* find(std::uint32_t type) const;

    // The one that loads `address` (as linked), or null.
    const elf::ProgramHeader* find_loaded(std::uintptr_t address) const;

  private:
    const elf::ProgramHeader* first_;
    std::size_t count_;
};

// Sets `environ` and what emma_getauxval reads.
void publish(const InitialStack& stack);

// AT_PAGESZ; a power of two.
std::size_t page_bytes();

}  // namespace emma::crt

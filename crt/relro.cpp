// SPDX-License-Identifier: MIT OR Apache-2.0
// Relocated constants become read-only, see relocate.h. In a file of its own because a program at
// fixed addresses may be linked by another script than Emma's, with a region to protect.
#include "arch/linux/memory.h"
#include "crt/panic.h"
#include "crt/relocate.h"

namespace emma::crt {

void protect_relocated(const ProgramHeaders& headers, std::uintptr_t bias, std::size_t page_bytes) {
    const elf::ProgramHeader* header = headers.find(elf::kSegmentRelro);
    if (header == nullptr || header->memory_bytes == 0) return;
    // Linkers end the region on a page boundary; were it not so, its last page holds writable data
    // too and stays writable.
    const std::uintptr_t start = (bias + header->address) & ~(page_bytes - 1);
    const std::uintptr_t end = (bias + header->address + header->memory_bytes) & ~(page_bytes - 1);
    if (start >= end) return;
    const arch::Errno error =
        arch::protect(reinterpret_cast<void*>(start), end - start, arch::kProtRead);
    if (error != arch::Errno::kNone) panic("emma: cannot make relocated data read-only\n");
}

}  // namespace emma::crt

// SPDX-License-Identifier: MIT OR Apache-2.0
// Functions with several versions in a program at fixed addresses, see relocate.h. Linkers leave
// one relocation for each and define two symbols around them. Weak: programs that are linked by
// scripts of their own may lack them, and have no such function then.
#include "arch/linux/memory.h"
#include "arch/x86_64/relocation_types.h"
#include "crt/panic.h"
#include "crt/relocate.h"
#include "crt/tls.h"

extern "C" {
[[gnu::weak,
  gnu::visibility("hidden")]] extern const emma::crt::elf::RelocationWithAddend __rela_iplt_start[];
[[gnu::weak,
  gnu::visibility("hidden")]] extern const emma::crt::elf::RelocationWithAddend __rela_iplt_end[];
}

namespace emma::crt {
namespace {

// Writes the word that is decided. Linkers put some of them among constants (mold those of code for
// fixed addresses, GNU ld those of position-independent code): the pages are made writable for the
// moment.
void store_resolved(const ProgramHeaders& headers, std::uintptr_t place, std::uintptr_t value) {
    const elf::ProgramHeader* segment = headers.find_loaded(place);
    const bool is_constant = segment != nullptr && (segment->flags & elf::kSegmentIsWritable) == 0;
    const std::uintptr_t start = align_down(place, page_bytes());
    const std::size_t bytes = align_up(place + sizeof value, page_bytes()) - start;
    auto* pages = reinterpret_cast<void*>(start);
    if (is_constant && arch::protect(pages, bytes, arch::kProtReadWrite) != arch::Errno::kNone) {
        panic("emma: cannot make relocated data writable\n");
    }
    __builtin_memcpy(reinterpret_cast<void*>(place), &value, sizeof value);
    if (is_constant && arch::protect(pages, bytes, arch::kProtRead) != arch::Errno::kNone) {
        panic("emma: cannot make relocated data read-only\n");
    }
}

}  // namespace

void resolve_functions(const ProgramHeaders& headers) {
    for (auto* entry = __rela_iplt_start; entry != __rela_iplt_end; ++entry) {
        // lld's --export-dynamic leaves relocations against weak symbols that nothing defines:
        // null.
        if (entry->type() != arch::kRelocationIndirect) continue;
        store_resolved(headers, entry->offset,
                       call_resolver(static_cast<std::uintptr_t>(entry->addend)));
    }
}

}  // namespace emma::crt

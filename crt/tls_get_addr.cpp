// SPDX-License-Identifier: MIT OR Apache-2.0
// What -fPIC code calls for the address of a thread-local variable, if the linker has not replaced
// the call (it does, unless told not to: --no-relax of mold). The argument was filled in by the
// linker or by relocate.cpp (psABI, "Thread-Local Storage"; ELF TLS, variant II).
#include <cstddef>

#include "arch/arch.h"
#include "crt/public.h"
#include "crt/tls.h"

struct TlsIndex {
    std::size_t module;  // 1: a static program is one module
    std::size_t offset;  // within its TLS block
};

extern "C" EMMA_CRT_PUBLIC void* __tls_get_addr(const TlsIndex* index) {
    auto* end = reinterpret_cast<std::byte*>(emma::arch::thread_pointer());
    return end - emma::crt::tls_image().block_bytes + index->offset;
}

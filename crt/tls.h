// SPDX-License-Identifier: MIT OR Apache-2.0
// Static thread-local storage of the one module that a static program is (ELF TLS variant II). A
// thread's area, as linkers and compilers expect it:
//
//        block_addr                          thread pointer (%fs), a multiple of p_align
//            |  initialised bytes | zeroes | pad |  Thread (crt/thread.h)
//            |<------------- block_bytes ------->|
//
// The linker resolves a variable at p_vaddr + x to %fs:(x - block_bytes), where block_bytes is the
// distance from p_vaddr to the next multiple of p_align at or after the end of the segment.
#pragma once

#include <cstddef>
#include <cstdint>

#include "crt/elf.h"

namespace emma::crt {

constexpr std::uintptr_t align_up(std::uintptr_t value, std::uintptr_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

constexpr std::uintptr_t align_down(std::uintptr_t value, std::uintptr_t alignment) {
    return value & ~(alignment - 1);
}

struct TlsImage {
    const void* bytes;              // what every thread's copy starts with
    std::size_t initialised_bytes;  // p_filesz
    std::size_t block_bytes;        // thread pointer minus start of the copy
    std::size_t alignment;          // of the thread pointer: p_align, at least a cache line
};

constexpr std::size_t tls_block_bytes(std::uintptr_t address, std::size_t memory_bytes,
                                      std::size_t alignment) {
    return align_up(address + memory_bytes, alignment) - address;
}
// The segment starts aligned: the offset is its size rounded up. It may also start in mid-unit.
static_assert(tls_block_bytes(0x1000, 0x21, 16) == 0x30);
static_assert(tls_block_bytes(0x1008, 0x21, 16) == 0x28);
static_assert(tls_block_bytes(0x2000, 0x2000, 0x2000) == 0x2000);
static_assert(tls_block_bytes(0x1234, 0, 1) == 0);

// Reads PT_TLS (null: the program has no thread-local variable). Start-up, once.
[[gnu::cold]] void set_tls_image(const elf::ProgramHeader* header, std::uintptr_t bias);

const TlsImage& tls_image();

// Fills the TLS block below `thread_pointer`; the memory there is zero.
void fill_tls_block(std::uintptr_t thread_pointer);

}  // namespace emma::crt

// SPDX-License-Identifier: MIT OR Apache-2.0
// The program's TLS image, see tls.h. Set once in start-up, read by every thread creation.
#include "crt/tls.h"

#include "arch/arch.h"

namespace emma::crt {
namespace {

constinit TlsImage image = {};  // all-zero, so that it lies in .bss

}  // namespace

void set_tls_image(const elf::ProgramHeader* header, std::uintptr_t bias) {
    image.alignment = arch::kCacheLineBytes;
    if (header == nullptr) return;
    const std::size_t alignment = header->alignment == 0 ? 1 : header->alignment;
    image.bytes = reinterpret_cast<const void*>(bias + header->address);
    image.initialised_bytes = header->file_bytes;
    // As linked, without the bias: that is how the linker computed the variables' offsets.
    image.block_bytes = tls_block_bytes(header->address, header->memory_bytes, alignment);
    if (alignment > image.alignment) image.alignment = alignment;
}

const TlsImage& tls_image() { return image; }

void fill_tls_block(std::uintptr_t thread_pointer) {
    // Not memcpy: a program that uses it nowhere else would carry it for these few bytes.
    arch::copy_bytes(reinterpret_cast<void*>(thread_pointer - image.block_bytes), image.bytes,
                     image.initialised_bytes);
}

}  // namespace emma::crt

// SPDX-License-Identifier: MIT OR Apache-2.0
// Self-relocation, see relocate.h. Every access here is relative to the instruction pointer or to a
// pointer that was computed here: this code runs unrelocated.
#include "crt/relocate.h"

#include "crt/panic.h"

namespace emma::crt {
namespace {

struct RelocationTables {
    std::uintptr_t rela = 0;
    std::uint64_t rela_bytes = 0;
    std::uintptr_t relr = 0;
    std::uint64_t relr_bytes = 0;
};

RelocationTables read_dynamic(const elf::DynamicEntry* dynamic) {
    RelocationTables tables;
    for (; dynamic->tag != elf::kDynamicEnd; ++dynamic) {
        if (dynamic->tag == elf::kDynamicRela) tables.rela = dynamic->value;
        if (dynamic->tag == elf::kDynamicRelaBytes) tables.rela_bytes = dynamic->value;
        if (dynamic->tag == elf::kDynamicRelr) tables.relr = dynamic->value;
        if (dynamic->tag == elf::kDynamicRelrBytes) tables.relr_bytes = dynamic->value;
    }
    return tables;
}

void apply_rela(const elf::RelocationWithAddend* entry, std::size_t count, std::uintptr_t bias) {
    for (; count != 0; --count, ++entry) {
        if (entry->info != elf::kRelocationRelative) {
            panic("emma: relocation of a kind that needs a dynamic linker\n");
        }
        // Not always aligned: a packed struct may hold a pointer.
        const std::uintptr_t value = bias + static_cast<std::uintptr_t>(entry->addend);
        __builtin_memcpy(reinterpret_cast<void*>(bias + entry->offset), &value, sizeof value);
    }
}

// gABI, "Relative Relocation Table": an even entry is the address of a word to relocate; an odd one
// is a bitmap of which of the 63 words after the last covered one are to be.
void apply_relr(const std::uint64_t* entry, std::size_t count, std::uintptr_t bias) {
    constexpr std::size_t kWordsPerBitmap = 63;
    auto* next = reinterpret_cast<std::uintptr_t*>(bias);
    for (; count != 0; --count, ++entry) {
        if ((*entry & 1) == 0) {
            next = reinterpret_cast<std::uintptr_t*>(bias + *entry);
            *next++ += bias;
            continue;
        }
        std::uintptr_t* word = next;
        for (std::uint64_t bitmap = *entry >> 1; bitmap != 0; bitmap >>= 1, ++word) {
            if ((bitmap & 1) != 0) *word += bias;
        }
        next += kWordsPerBitmap;
    }
}

}  // namespace

}  // namespace emma::crt

extern "C" std::uintptr_t emma_crt_relocate(const emma::crt::ProgramHeaders& headers,
                                            const emma::crt::elf::DynamicEntry* dynamic) {
    using namespace emma::crt;
    const elf::ProgramHeader* header = headers.find(elf::kSegmentDynamic);
    if (header == nullptr) panic("emma: position-independent program without program headers\n");
    const std::uintptr_t bias = reinterpret_cast<std::uintptr_t>(dynamic) - header->address;
    const RelocationTables tables = read_dynamic(dynamic);
    apply_rela(reinterpret_cast<const elf::RelocationWithAddend*>(bias + tables.rela),
               tables.rela_bytes / sizeof(elf::RelocationWithAddend), bias);
    apply_relr(reinterpret_cast<const std::uint64_t*>(bias + tables.relr),
               tables.relr_bytes / sizeof(std::uint64_t), bias);
    return bias;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Self-relocation, see relocate.h. In step 1 every access here is relative to the instruction
// pointer or to a pointer that was computed here: this code runs unrelocated. No switch, which
// could become a table of addresses.
#include "crt/relocate.h"

#include "arch/x86_64/relocation_types.h"
#include "crt/panic.h"
#include "crt/tls.h"

// arch/x86_64/tls_descriptor.S; called by compiled code only.
extern "C" [[gnu::visibility("hidden")]] void emma_arch_tls_descriptor();

namespace emma::crt {
namespace {

struct Tables {
    std::uintptr_t symbols = 0;
    std::uintptr_t rela = 0;
    std::uint64_t rela_bytes = 0;
    std::uintptr_t plt_rela = 0;
    std::uint64_t plt_rela_bytes = 0;
    std::uintptr_t relr = 0;
    std::uint64_t relr_bytes = 0;
};

bool is_android(std::int64_t tag) {
    return (tag >= elf::kDynamicAndroidFirst && tag <= elf::kDynamicAndroidLast) ||
           (tag >= elf::kDynamicAndroidRelrFirst && tag <= elf::kDynamicAndroidRelrLast);
}

Tables read_dynamic(const elf::DynamicEntry* dynamic) {
    Tables tables;
    for (; dynamic->tag != elf::kDynamicEnd; ++dynamic) {
        const std::int64_t tag = dynamic->tag;
        if (tag == elf::kDynamicSymbols) tables.symbols = dynamic->value;
        if (tag == elf::kDynamicRela) tables.rela = dynamic->value;
        if (tag == elf::kDynamicRelaBytes) tables.rela_bytes = dynamic->value;
        if (tag == elf::kDynamicPltRela) tables.plt_rela = dynamic->value;
        if (tag == elf::kDynamicPltBytes) tables.plt_rela_bytes = dynamic->value;
        if (tag == elf::kDynamicRelr) tables.relr = dynamic->value;
        if (tag == elf::kDynamicRelrBytes) tables.relr_bytes = dynamic->value;
        if (tag == elf::kDynamicTextRelocations) {
            panic("emma: relocations in the text of a static-PIE: compile with -fPIE\n");
        }
        if (is_android(tag)) panic("emma: relocations packed in Android's manner\n");
    }
    return tables;
}

// Not always aligned: a packed struct may hold a pointer.
void store_word(std::uintptr_t place, std::uintptr_t value) {
    __builtin_memcpy(reinterpret_cast<void*>(place), &value, sizeof value);
}

class Relocator {
  public:
    Relocator(RelocationStep step, std::uintptr_t bias, const Tables& tables,
              std::size_t tls_block_bytes)
        : step_(step),
          bias_(bias),
          symbols_(reinterpret_cast<const elf::Symbol*>(bias + tables.symbols)),
          tls_block_bytes_(tls_block_bytes) {}

    // Applying a table twice changes nothing: linkers may name one as DT_RELA and as DT_JMPREL.
    void apply(std::uintptr_t table, std::uint64_t byte_count) const {
        auto* entry = reinterpret_cast<const elf::RelocationWithAddend*>(bias_ + table);
        for (std::size_t left = byte_count / sizeof *entry; left != 0; --left, ++entry) {
            apply_one(*entry);
        }
    }

  private:
    void apply_one(const elf::RelocationWithAddend& entry) const {
        const std::uint32_t type = entry.type();
        if (type == arch::kRelocationNone) return;
        const elf::Symbol* symbol = entry.symbol() == 0 ? nullptr : &symbols_[entry.symbol()];
        const bool is_function = type == arch::kRelocationIndirect || is_indirect(symbol);
        if (is_function != (step_ == RelocationStep::kFunctions)) return;
        const std::uintptr_t place = bias_ + entry.offset;
        const auto addend = static_cast<std::uintptr_t>(entry.addend);
        if (type == arch::kRelocationRelative || type == arch::kRelocationRelative64) {
            return store_word(place, bias_ + addend);
        }
        if (type == arch::kRelocationIndirect) {
            return store_word(place, call_resolver(bias_ + addend));
        }
        if (type == arch::kRelocation64) return store_word(place, address_of(symbol) + addend);
        if (type == arch::kRelocationGlobalData || type == arch::kRelocationJumpSlot) {
            return store_word(place, address_of(symbol));
        }
        apply_thread_local(type, place, (symbol == nullptr ? 0 : symbol->value) + addend);
    }

    // `offset` is the variable's place within the TLS block.
    void apply_thread_local(std::uint32_t type, std::uintptr_t place, std::uintptr_t offset) const {
        constexpr std::uintptr_t kOnlyModule = 1;
        if (type == arch::kRelocationTlsModule) return store_word(place, kOnlyModule);
        if (type == arch::kRelocationTlsOffset) return store_word(place, offset);
        if (type == arch::kRelocationTlsFromPointer) {
            return store_word(place, offset - tls_block_bytes_);
        }
        if (type == arch::kRelocationTlsDescriptor) {
            store_word(place, reinterpret_cast<std::uintptr_t>(&emma_arch_tls_descriptor));
            return store_word(place + sizeof place, offset - tls_block_bytes_);
        }
        panic("emma: relocation of a kind that needs a dynamic linker\n");
    }

    static bool is_indirect(const elf::Symbol* symbol) {
        return symbol != nullptr && symbol->type() == elf::kTypeIndirectFunction &&
               symbol->section != elf::kSectionUndefined;
    }

    // 0 for a weak symbol that nothing defines.
    std::uintptr_t address_of(const elf::Symbol* symbol) const {
        if (symbol == nullptr) return 0;
        if (symbol->section == elf::kSectionUndefined) {
            if (symbol->binding() != elf::kBindingGlobal) return 0;
            panic("emma: relocation against a symbol that nothing defines\n");
        }
        if (symbol->section == elf::kSectionAbsolute) return symbol->value;
        const std::uintptr_t address = bias_ + symbol->value;
        return is_indirect(symbol) ? call_resolver(address) : address;
    }

    RelocationStep step_;
    std::uintptr_t bias_;
    const elf::Symbol* symbols_;
    std::size_t tls_block_bytes_;
};

// gABI, "Relative Relocation Table": an even entry is the address of a word to relocate; an odd one
// is a bitmap of which of the 63 words after the last covered one are to be. Adds to the words, so
// once only.
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

std::size_t tls_bytes(const elf::ProgramHeader* header) {
    if (header == nullptr) return 0;
    return tls_block_bytes(header->address, header->memory_bytes,
                           header->alignment == 0 ? 1 : header->alignment);
}

}  // namespace

}  // namespace emma::crt

extern "C" std::uintptr_t emma_crt_relocate(emma::crt::RelocationStep step,
                                            const emma::crt::ProgramHeaders& headers,
                                            const emma::crt::elf::DynamicEntry* dynamic) {
    using namespace emma::crt;
    const elf::ProgramHeader* header = headers.find(elf::kSegmentDynamic);
    if (header == nullptr) panic("emma: position-independent program without program headers\n");
    const std::uintptr_t bias = reinterpret_cast<std::uintptr_t>(dynamic) - header->address;
    const Tables tables = read_dynamic(dynamic);
    const Relocator relocator(step, bias, tables, tls_bytes(headers.find(elf::kSegmentTls)));
    relocator.apply(tables.rela, tables.rela_bytes);
    relocator.apply(tables.plt_rela, tables.plt_rela_bytes);
    if (step == RelocationStep::kData) {
        apply_relr(reinterpret_cast<const std::uint64_t*>(bias + tables.relr),
                   tables.relr_bytes / sizeof(std::uint64_t), bias);
    }
    return bias;
}

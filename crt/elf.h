// SPDX-License-Identifier: MIT OR Apache-2.0
// The parts of the ELF-64 format and of the auxiliary vector that program start reads (System V
// gABI, "Program Header", "Dynamic Section" and "Symbol Table"; x86-64 psABI 3.4.3 and 4.4.1; GNU
// gABI for IRELATIVE and STT_GNU_IFUNC). Types and constants only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace emma::crt::elf {

struct ProgramHeader {
    std::uint32_t type;
    std::uint32_t flags;
    std::uint64_t offset;
    std::uint64_t address;  // as linked; add the load bias
    std::uint64_t physical_address;
    std::uint64_t file_bytes;
    std::uint64_t memory_bytes;
    std::uint64_t alignment;
};
static_assert(sizeof(ProgramHeader) == 56);

inline constexpr std::uint32_t kSegmentIsWritable = 2;  // in flags
inline constexpr std::uint32_t kSegmentLoaded = 1;
inline constexpr std::uint32_t kSegmentDynamic = 2;
inline constexpr std::uint32_t kSegmentTls = 7;
inline constexpr std::uint32_t kSegmentRelro = 0x6474e552;

struct DynamicEntry {
    std::int64_t tag;
    std::uint64_t value;
};

inline constexpr std::int64_t kDynamicEnd = 0;
inline constexpr std::int64_t kDynamicPltBytes = 2;
inline constexpr std::int64_t kDynamicSymbols = 6;
inline constexpr std::int64_t kDynamicRela = 7;
inline constexpr std::int64_t kDynamicRelaBytes = 8;
inline constexpr std::int64_t kDynamicTextRelocations = 22;
inline constexpr std::int64_t kDynamicPltRela = 23;
inline constexpr std::int64_t kDynamicRelrBytes = 35;
inline constexpr std::int64_t kDynamicRelr = 36;
// DT_ANDROID_REL to _RELASZ, and DT_ANDROID_RELR to _RELRENT: lld's --pack-dyn-relocs=android.
inline constexpr std::int64_t kDynamicAndroidFirst = 0x6000000f;
inline constexpr std::int64_t kDynamicAndroidLast = 0x60000012;
inline constexpr std::int64_t kDynamicAndroidRelrFirst = 0x6fffe000;
inline constexpr std::int64_t kDynamicAndroidRelrLast = 0x6fffe003;

struct Symbol {
    std::uint32_t name;
    std::uint8_t info;  // binding << 4 | type
    std::uint8_t other;
    std::uint16_t section;
    std::uint64_t value;
    std::uint64_t bytes;

    std::uint8_t binding() const { return info >> 4; }
    std::uint8_t type() const { return info & 15; }
};
static_assert(sizeof(Symbol) == 24);

inline constexpr std::uint8_t kBindingGlobal = 1;
inline constexpr std::uint8_t kTypeIndirectFunction = 10;  // STT_GNU_IFUNC
inline constexpr std::uint16_t kSectionUndefined = 0;
inline constexpr std::uint16_t kSectionAbsolute = 0xfff1;

struct RelocationWithAddend {
    std::uint64_t offset;
    std::uint64_t info;  // symbol index << 32 | type
    std::int64_t addend;

    std::uint32_t type() const { return static_cast<std::uint32_t>(info); }
    std::uint32_t symbol() const { return static_cast<std::uint32_t>(info >> 32); }
};
static_assert(sizeof(RelocationWithAddend) == 24);

struct AuxiliaryEntry {
    std::uint64_t type;
    std::uint64_t value;
};

inline constexpr std::uint64_t kAuxEnd = 0;
inline constexpr std::uint64_t kAuxProgramHeaders = 3;
inline constexpr std::uint64_t kAuxProgramHeaderCount = 5;
inline constexpr std::uint64_t kAuxPageSize = 6;
inline constexpr std::uint64_t kAuxRandom = 25;

}  // namespace emma::crt::elf

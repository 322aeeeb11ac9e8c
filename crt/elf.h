// SPDX-License-Identifier: MIT OR Apache-2.0
// The parts of the ELF-64 format and of the auxiliary vector that program start reads (System V
// gABI, "Program Header" and "Dynamic Section"; x86-64 psABI 3.4.3 and 4.4.1). Types and constants
// only.
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

inline constexpr std::uint32_t kSegmentDynamic = 2;
inline constexpr std::uint32_t kSegmentTls = 7;
inline constexpr std::uint32_t kSegmentRelro = 0x6474e552;

struct DynamicEntry {
    std::int64_t tag;
    std::uint64_t value;
};

inline constexpr std::int64_t kDynamicEnd = 0;
inline constexpr std::int64_t kDynamicRela = 7;
inline constexpr std::int64_t kDynamicRelaBytes = 8;
inline constexpr std::int64_t kDynamicRelrBytes = 35;
inline constexpr std::int64_t kDynamicRelr = 36;

struct RelocationWithAddend {
    std::uint64_t offset;
    std::uint64_t info;  // symbol index << 32 | type
    std::int64_t addend;
};
static_assert(sizeof(RelocationWithAddend) == 24);

inline constexpr std::uint64_t kRelocationRelative = 8;  // R_X86_64_RELATIVE, no symbol

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

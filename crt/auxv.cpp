// SPDX-License-Identifier: MIT OR Apache-2.0
// The auxiliary vector and the environment as the program sees them: pointers to what the kernel
// left on the initial stack, never copies. Written once, before any other thread exists.
#include "crt/auxv.h"

#include "crt/include/emma_crt.h"
#include "crt/public.h"

extern "C" {
EMMA_CRT_PUBLIC constinit char** environ = nullptr;
// How the objects of other libcs call it.
extern EMMA_CRT_PUBLIC char** __environ __attribute__((alias("environ")));
}

namespace emma::crt {
namespace {

// A vector that is read before start-up has run (never, in a program started by _start) is empty.
constexpr elf::AuxiliaryEntry kEmptyVector = {elf::kAuxEnd, 0};
constinit const elf::AuxiliaryEntry* auxiliary_vector = nullptr;

// The value of `entry` ("NAME=value") if its name is the `name_bytes` bytes at `name`, or null.
char* value_if_named(char* entry, const char* name, std::size_t name_bytes) {
    for (std::size_t index = 0; index < name_bytes; ++index) {
        if (entry[index] != name[index]) return nullptr;
    }
    return entry[name_bytes] == '=' ? entry + name_bytes + 1 : nullptr;
}

}  // namespace

std::uint64_t find_auxiliary_early(const elf::AuxiliaryEntry* auxiliary, std::uint64_t type) {
    for (; auxiliary->type != elf::kAuxEnd; ++auxiliary) {
        if (auxiliary->type == type) return auxiliary->value;
    }
    return 0;
}

const elf::ProgramHeader* ProgramHeaders::find(std::uint32_t type) const {
    for (std::size_t index = 0; index < count_; ++index) {
        if (first_[index].type == type) return &first_[index];
    }
    return nullptr;
}

const elf::ProgramHeader* ProgramHeaders::find_loaded(std::uintptr_t address) const {
    for (std::size_t index = 0; index < count_; ++index) {
        const elf::ProgramHeader& header = first_[index];
        if (header.type == elf::kSegmentLoaded && address - header.address < header.memory_bytes) {
            return &header;
        }
    }
    return nullptr;
}

void publish(const InitialStack& stack) {
    environ = stack.environment;
    auxiliary_vector = stack.auxiliary;
}

std::size_t page_bytes() { return emma_getauxval(elf::kAuxPageSize); }

}  // namespace emma::crt

extern "C" {

EMMA_CRT_PUBLIC unsigned long emma_getauxval(unsigned long type) {
    using namespace emma::crt;
    return find_auxiliary_early(auxiliary_vector == nullptr ? &kEmptyVector : auxiliary_vector,
                                type);
}

// As glibc's (getauxval(3)), but that errno says nothing; and how the objects of musl call it.
EMMA_CRT_PUBLIC unsigned long getauxval(unsigned long type)
    __attribute__((alias("emma_getauxval")));
EMMA_CRT_PUBLIC unsigned long __getauxval(unsigned long type)
    __attribute__((alias("emma_getauxval")));

// C23 7.24.4.6. Not safe against a program that changes `environ` meanwhile.
EMMA_CRT_PUBLIC char* getenv(const char* name) {
    std::size_t name_bytes = 0;
    while (name[name_bytes] != '\0') {
        if (name[name_bytes] == '=') return nullptr;
        ++name_bytes;
    }
    if (name_bytes == 0 || environ == nullptr) return nullptr;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        char* value = emma::crt::value_if_named(*entry, name, name_bytes);
        if (value != nullptr) return value;
    }
    return nullptr;
}
}

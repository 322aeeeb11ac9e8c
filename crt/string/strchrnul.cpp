// SPDX-License-Identifier: MIT OR Apache-2.0
// strchrnul (glibc): strchr that returns the end of the string rather than null. Reads whole
// aligned vectors, so never a page that the string does not touch.
#include "crt/string/functions.h"

namespace {

typedef char Bytes16 __attribute__((vector_size(16), may_alias));
constexpr std::size_t kVectorBytes = sizeof(Bytes16);

// One bit a byte of an aligned vector, set where it is zero or `byte`.
unsigned match_mask(const char* aligned, Bytes16 byte) {
    const Bytes16 vector = *reinterpret_cast<const Bytes16*>(aligned);
    typedef char Signs __attribute__((vector_size(16)));
    return static_cast<unsigned>(__builtin_ia32_pmovmskb128(
        reinterpret_cast<Signs>((vector == Bytes16{}) | (vector == byte))));
}

}  // namespace

EMMA_CRT_C char* strchrnul(const char* string, int byte) {
    const Bytes16 bytes = Bytes16{} + static_cast<char>(byte);
    const std::size_t misalignment = reinterpret_cast<std::size_t>(string) % kVectorBytes;
    const char* next = string - misalignment;
    unsigned found = match_mask(next, bytes) >> misalignment << misalignment;
    while (found == 0) {
        next += kVectorBytes;
        found = match_mask(next, bytes);
    }
    return const_cast<char*>(next) + __builtin_ctz(found);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// strnlen (POSIX).
#include "crt/string/functions.h"

EMMA_CRT_C std::size_t strnlen(const char* string, std::size_t n) {
    const void* const end = memchr(string, 0, n);
    return end == nullptr ? n : static_cast<std::size_t>(static_cast<const char*>(end) - string);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// memccpy (C23 7.26.2.2).
#include "crt/string/functions.h"

EMMA_CRT_C void* memccpy(void* to, const void* from, int byte, std::size_t n) {
    const void* const found = memchr(from, byte, n);
    if (found == nullptr) {
        memcpy(to, from, n);
        return nullptr;
    }
    const auto length = static_cast<const char*>(found) - static_cast<const char*>(from) + 1;
    return static_cast<char*>(memcpy(to, from, static_cast<std::size_t>(length))) + length;
}

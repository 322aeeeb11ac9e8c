// SPDX-License-Identifier: MIT OR Apache-2.0
// strndup (C23 7.26.2.7): by malloc; null if there is no memory.
#include "crt/string/functions.h"

EMMA_CRT_C char* strndup(const char* string, std::size_t n) {
    const std::size_t length = strnlen(string, n);
    char* const copy = static_cast<char*>(malloc(length + 1));
    if (copy == nullptr) return nullptr;
    memcpy(copy, string, length);
    copy[length] = 0;
    return copy;
}

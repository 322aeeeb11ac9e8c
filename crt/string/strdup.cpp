// SPDX-License-Identifier: MIT OR Apache-2.0
// strdup (C23 7.26.2.6): by malloc; null if there is no memory.
#include "crt/string/functions.h"

EMMA_CRT_C char* strdup(const char* string) {
    const std::size_t size = strlen(string) + 1;
    void* const copy = malloc(size);
    return copy == nullptr ? nullptr : static_cast<char*>(memcpy(copy, string, size));
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// strpbrk (C23 7.26.5.4).
#include "crt/string/functions.h"

EMMA_CRT_C char* strpbrk(const char* string, const char* set) {
    const char* const found = string + strcspn(string, set);
    return *found == 0 ? nullptr : const_cast<char*>(found);
}

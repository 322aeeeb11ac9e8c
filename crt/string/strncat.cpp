// SPDX-License-Identifier: MIT OR Apache-2.0
// strncat (C23 7.26.3.2).
#include "crt/string/functions.h"

EMMA_CRT_C char* strncat(char* to, const char* from, std::size_t n) {
    char* const end = to + strlen(to);
    const std::size_t length = strnlen(from, n);
    memcpy(end, from, length);
    end[length] = 0;
    return to;
}

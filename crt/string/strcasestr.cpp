// SPDX-License-Identifier: MIT OR Apache-2.0
// strcasestr (glibc), in the locale of C.
#include "crt/string/functions.h"

EMMA_CRT_C char* strcasestr(const char* string, const char* part) {
    const std::size_t length = strlen(part);
    for (;; ++string) {
        if (strncasecmp(string, part, length) == 0) return const_cast<char*>(string);
        if (*string == 0) return nullptr;
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// stpncpy (POSIX): strncpy that returns the end.
#include "crt/string/functions.h"

EMMA_CRT_C char* stpncpy(char* to, const char* from, std::size_t n) {
    const std::size_t length = strnlen(from, n);
    memcpy(to, from, length);
    return static_cast<char*>(memset(to + length, 0, n - length));
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// stpcpy (POSIX; gcc makes it of strcpy and strlen): strcpy that returns the end.
#include "crt/string/functions.h"

EMMA_CRT_C char* stpcpy(char* to, const char* from) {
    const std::size_t length = strlen(from);
    return static_cast<char*>(memcpy(to, from, length + 1)) + length;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// strlcpy (BSD, POSIX 2024).
#include "crt/string/functions.h"

EMMA_CRT_C std::size_t strlcpy(char* to, const char* from, std::size_t room) {
    const std::size_t length = strlen(from);
    if (room != 0) {
        const std::size_t copied = length < room ? length : room - 1;
        memcpy(to, from, copied);
        to[copied] = 0;
    }
    return length;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// strlcat (BSD, POSIX 2024).
#include "crt/string/functions.h"

EMMA_CRT_C std::size_t strlcat(char* to, const char* from, std::size_t room) {
    const std::size_t length = strnlen(to, room);
    return length + strlcpy(to + length, from, room - length);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// strncasecmp (POSIX), in the locale of C.
#include "crt/string/functions.h"

EMMA_CRT_C int strncasecmp(const char* left, const char* right, std::size_t n) {
    for (; n != 0; --n, ++left, ++right) {
        const int difference = emma::crt::to_lower(*left) - emma::crt::to_lower(*right);
        if (difference != 0 || *left == 0) return difference;
    }
    return 0;
}

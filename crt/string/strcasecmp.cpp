// SPDX-License-Identifier: MIT OR Apache-2.0
// strcasecmp (POSIX), in the locale of C.
#include "crt/string/functions.h"

EMMA_CRT_C int strcasecmp(const char* left, const char* right) {
    return strncasecmp(left, right, ~std::size_t{0});
}

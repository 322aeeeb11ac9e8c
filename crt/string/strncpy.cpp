// SPDX-License-Identifier: MIT OR Apache-2.0
// strncpy (C23 7.26.2.5).
#include "crt/string/functions.h"

EMMA_CRT_C char* strncpy(char* to, const char* from, std::size_t n) {
    stpncpy(to, from, n);
    return to;
}

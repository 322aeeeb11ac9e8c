// SPDX-License-Identifier: MIT OR Apache-2.0
// strcat (C23 7.26.3.1).
#include "crt/string/functions.h"

EMMA_CRT_C char* strcat(char* to, const char* from) {
    memcpy(to + strlen(to), from, strlen(from) + 1);
    return to;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// strcpy (C23 7.26.2.4).
#include "crt/string/functions.h"

EMMA_CRT_C char* strcpy(char* to, const char* from) {
    memcpy(to, from, strlen(from) + 1);
    return to;
}

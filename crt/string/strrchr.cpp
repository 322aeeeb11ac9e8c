// SPDX-License-Identifier: MIT OR Apache-2.0
// strrchr (C23 7.26.5.5). The terminating zero counts.
#include "crt/string/functions.h"

EMMA_CRT_C char* strrchr(const char* string, int byte) {
    return static_cast<char*>(memrchr(string, byte, strlen(string) + 1));
}

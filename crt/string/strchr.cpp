// SPDX-License-Identifier: MIT OR Apache-2.0
// strchr (C23 7.26.5.2). The terminating zero counts.
#include "crt/string/functions.h"

EMMA_CRT_C char* strchr(const char* string, int byte) {
    char* const found = strchrnul(string, byte);
    return *found == static_cast<char>(byte) ? found : nullptr;
}

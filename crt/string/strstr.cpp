// SPDX-License-Identifier: MIT OR Apache-2.0
// strstr (C23 7.26.5.7).
#include "crt/string/functions.h"

EMMA_CRT_C char* strstr(const char* string, const char* part) {
    return static_cast<char*>(memmem(string, strlen(string), part, strlen(part)));
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// strsep (BSD).
#include "crt/string/functions.h"

EMMA_CRT_C char* strsep(char** string, const char* separators) {
    char* const token = *string;
    if (token == nullptr) return nullptr;
    char* const end = token + strcspn(token, separators);
    *string = *end == 0 ? nullptr : end + 1;
    *end = 0;
    return token;
}

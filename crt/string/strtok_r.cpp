// SPDX-License-Identifier: MIT OR Apache-2.0
// strtok_r (POSIX): strtok with the caller's place.
#include "crt/string/functions.h"

EMMA_CRT_C char* strtok_r(char* string, const char* separators, char** rest) {
    if (string == nullptr) string = *rest;
    if (string == nullptr) return nullptr;
    string += strspn(string, separators);
    if (*string == 0) {
        *rest = nullptr;
        return nullptr;
    }
    char* const end = string + strcspn(string, separators);
    *rest = *end == 0 ? nullptr : end + 1;
    *end = 0;
    return string;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// strtok (C23 7.26.5.9). Not thread-safe: the place is kept here between the calls.
#include "crt/string/functions.h"

namespace {
constinit char* rest = nullptr;
}

EMMA_CRT_C char* strtok(char* string, const char* separators) {
    return strtok_r(string, separators, &rest);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// mempcpy (glibc): memcpy that returns the end.
#include "crt/string/functions.h"

EMMA_CRT_C void* mempcpy(void* to, const void* from, std::size_t n) {
    return static_cast<char*>(memcpy(to, from, n)) + n;
}

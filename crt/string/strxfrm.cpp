// SPDX-License-Identifier: MIT OR Apache-2.0
// strxfrm (C23 7.26.4.5) in the only locale there is, that of C: a copy.
#include "crt/string/functions.h"

EMMA_CRT_C std::size_t strxfrm(char* to, const char* from, std::size_t n) {
    return strlcpy(to, from, n);
}

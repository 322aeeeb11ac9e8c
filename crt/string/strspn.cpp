// SPDX-License-Identifier: MIT OR Apache-2.0
// strspn (C23 7.26.5.6).
#include "crt/string/functions.h"

EMMA_CRT_C std::size_t strspn(const char* string, const char* set) {
    const emma::crt::ByteSet bytes(set);
    std::size_t length = 0;
    while (bytes.has(string[length])) ++length;  // the set never has the terminating zero
    return length;
}

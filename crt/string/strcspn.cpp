// SPDX-License-Identifier: MIT OR Apache-2.0
// strcspn (C23 7.26.5.3).
#include "crt/string/functions.h"

EMMA_CRT_C std::size_t strcspn(const char* string, const char* set) {
    const emma::crt::ByteSet bytes(set);
    std::size_t length = 0;
    while (string[length] != 0 && !bytes.has(string[length])) ++length;
    return length;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// wcslen (C23 7.31.4.7.1), of which std::wstring is made.
#include "crt/string/functions.h"

EMMA_CRT_C std::size_t wcslen(const wchar_t* string) {
    std::size_t length = 0;
    while (string[length] != 0) ++length;
    return length;
}

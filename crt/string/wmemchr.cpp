// SPDX-License-Identifier: MIT OR Apache-2.0
// wmemchr (C23 7.31.4.6.9), of which std::wstring is made.
#include "crt/string/functions.h"

EMMA_CRT_C wchar_t* wmemchr(const wchar_t* from, wchar_t character, std::size_t n) {
    for (std::size_t at = 0; at < n; ++at) {
        if (from[at] == character) return const_cast<wchar_t*>(from + at);
    }
    return nullptr;
}

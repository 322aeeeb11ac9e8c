// SPDX-License-Identifier: MIT OR Apache-2.0
// wmemset (C23 7.31.4.7.2), of which std::wstring is made.
#include "crt/string/functions.h"

EMMA_CRT_C wchar_t* wmemset(wchar_t* to, wchar_t character, std::size_t n) {
    for (std::size_t at = 0; at < n; ++at) to[at] = character;
    return to;
}

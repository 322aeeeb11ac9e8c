// SPDX-License-Identifier: MIT OR Apache-2.0
// wmemcpy (C23 7.31.4.3.4), of which std::wstring is made.
#include "crt/string/functions.h"

EMMA_CRT_C wchar_t* wmemcpy(wchar_t* to, const wchar_t* from, std::size_t n) {
    return static_cast<wchar_t*>(memcpy(to, from, n * sizeof(wchar_t)));
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// wmemcmp (C23 7.31.4.5.6), of which std::wstring is made.
#include "crt/string/functions.h"

EMMA_CRT_C int wmemcmp(const wchar_t* left, const wchar_t* right, std::size_t n) {
    for (std::size_t at = 0; at < n; ++at) {
        if (left[at] != right[at]) return left[at] < right[at] ? -1 : 1;
    }
    return 0;
}

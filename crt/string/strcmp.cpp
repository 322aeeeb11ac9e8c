// SPDX-License-Identifier: MIT OR Apache-2.0
// strcmp (C23 7.26.4.2).
#include "crt/string/functions.h"

EMMA_CRT_C int strcmp(const char* left, const char* right) {
    for (; *left != 0 && *left == *right; ++left) ++right;
    return emma::crt::to_byte(*left) - emma::crt::to_byte(*right);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// strncmp (C23 7.26.4.4).
#include "crt/string/functions.h"

EMMA_CRT_C int strncmp(const char* left, const char* right, std::size_t n) {
    for (; n != 0; --n, ++left, ++right) {
        if (*left != *right || *left == 0) {
            return emma::crt::to_byte(*left) - emma::crt::to_byte(*right);
        }
    }
    return 0;
}

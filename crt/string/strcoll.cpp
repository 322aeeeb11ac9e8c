// SPDX-License-Identifier: MIT OR Apache-2.0
// strcoll (C23 7.26.4.3) in the only locale there is, that of C.
#include "crt/string/functions.h"

EMMA_CRT_C int strcoll(const char* left, const char* right) { return strcmp(left, right); }

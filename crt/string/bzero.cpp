// SPDX-License-Identifier: MIT OR Apache-2.0
// bzero (POSIX until 2008).
#include "crt/string/functions.h"

EMMA_CRT_C void bzero(void* to, std::size_t n) { memset(to, 0, n); }

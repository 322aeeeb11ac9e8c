// SPDX-License-Identifier: MIT OR Apache-2.0
// bcopy (POSIX until 2008).
#include "crt/string/functions.h"

EMMA_CRT_C void bcopy(const void* from, void* to, std::size_t n) { memmove(to, from, n); }

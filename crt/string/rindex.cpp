// SPDX-License-Identifier: MIT OR Apache-2.0
// rindex (POSIX until 2008).
#include "crt/string/functions.h"

EMMA_CRT_C char* rindex(const char* string, int byte) { return strrchr(string, byte); }

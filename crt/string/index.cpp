// SPDX-License-Identifier: MIT OR Apache-2.0
// index (POSIX until 2008).
#include "crt/string/functions.h"

EMMA_CRT_C char* index(const char* string, int byte) { return strchr(string, byte); }

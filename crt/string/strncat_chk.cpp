// SPDX-License-Identifier: MIT OR Apache-2.0
// __strncat_chk: strncat when it is compiled with _FORTIFY_SOURCE.
#include "crt/string/functions.h"

EMMA_CRT_C char* __strncat_chk(char* to, const char* from, std::size_t n, std::size_t room) {
    EMMA_CRT_CHECK_ROOM("strncat", strlen(to) + strnlen(from, n) + 1, room);
    return strncat(to, from, n);
}

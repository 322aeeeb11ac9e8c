// SPDX-License-Identifier: MIT OR Apache-2.0
// __strncpy_chk: strncpy when it is compiled with _FORTIFY_SOURCE.
#include "crt/string/functions.h"

EMMA_CRT_C char* __strncpy_chk(char* to, const char* from, std::size_t n, std::size_t room) {
    EMMA_CRT_CHECK_ROOM("strncpy", n, room);
    return strncpy(to, from, n);
}

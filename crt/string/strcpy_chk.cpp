// SPDX-License-Identifier: MIT OR Apache-2.0
// __strcpy_chk: strcpy when it is compiled with _FORTIFY_SOURCE.
#include "crt/string/functions.h"

EMMA_CRT_C char* __strcpy_chk(char* to, const char* from, std::size_t room) {
    EMMA_CRT_CHECK_ROOM("strcpy", strlen(from) + 1, room);
    return strcpy(to, from);
}

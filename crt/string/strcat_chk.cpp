// SPDX-License-Identifier: MIT OR Apache-2.0
// __strcat_chk: strcat when it is compiled with _FORTIFY_SOURCE.
#include "crt/string/functions.h"

EMMA_CRT_C char* __strcat_chk(char* to, const char* from, std::size_t room) {
    EMMA_CRT_CHECK_ROOM("strcat", strlen(to) + strlen(from) + 1, room);
    return strcat(to, from);
}

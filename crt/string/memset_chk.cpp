// SPDX-License-Identifier: MIT OR Apache-2.0
// __memset_chk: memset when it is compiled with _FORTIFY_SOURCE.
#include "crt/string/functions.h"

EMMA_CRT_C void* __memset_chk(void* to, int byte, std::size_t n, std::size_t room) {
    EMMA_CRT_CHECK_ROOM("memset", n, room);
    return memset(to, byte, n);
}

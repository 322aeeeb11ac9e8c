// SPDX-License-Identifier: MIT OR Apache-2.0
// __memcpy_chk: memcpy when it is compiled with _FORTIFY_SOURCE.
#include "crt/string/functions.h"

EMMA_CRT_C void* __memcpy_chk(void* to, const void* from, std::size_t n, std::size_t room) {
    EMMA_CRT_CHECK_ROOM("memcpy", n, room);
    return memcpy(to, from, n);
}

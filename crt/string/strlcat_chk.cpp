// SPDX-License-Identifier: MIT OR Apache-2.0
// __strlcat_chk: strlcat when it is compiled with _FORTIFY_SOURCE.
#include "crt/string/functions.h"

EMMA_CRT_C std::size_t __strlcat_chk(char* to, const char* from, std::size_t n, std::size_t room) {
    EMMA_CRT_CHECK_ROOM("strlcat", n, room);
    return strlcat(to, from, n);
}

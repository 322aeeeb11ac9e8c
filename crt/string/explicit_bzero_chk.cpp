// SPDX-License-Identifier: MIT OR Apache-2.0
// __explicit_bzero_chk: explicit_bzero when it is compiled with _FORTIFY_SOURCE.
#include "crt/string/functions.h"

EMMA_CRT_C void __explicit_bzero_chk(void* to, std::size_t n, std::size_t room) {
    EMMA_CRT_CHECK_ROOM("explicit_bzero", n, room);
    return explicit_bzero(to, n);
}

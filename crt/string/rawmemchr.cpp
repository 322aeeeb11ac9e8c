// SPDX-License-Identifier: MIT OR Apache-2.0
// rawmemchr (glibc): the first byte of that value, which must be there.
#include "crt/string/functions.h"

EMMA_CRT_C void* rawmemchr(const void* from, int byte) {
    return memchr(from, byte, ~std::size_t{0});
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// memrchr (glibc): the last byte of that value.
#include "crt/string/functions.h"

EMMA_CRT_C void* memrchr(const void* from, int byte, std::size_t n) {
    const auto* const bytes = static_cast<const emma::crt::Byte*>(from);
    while (n != 0) {
        --n;
        if (bytes[n] == static_cast<emma::crt::Byte>(byte)) {
            return const_cast<emma::crt::Byte*>(bytes + n);
        }
    }
    return nullptr;
}

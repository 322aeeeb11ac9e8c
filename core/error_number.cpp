// SPDX-License-Identifier: MIT OR Apache-2.0
// Setting errno.
#include "core/error_number.h"

void* emma::fail(int error) {
    if (__errno_location != nullptr) *__errno_location() = error;
    return nullptr;
}

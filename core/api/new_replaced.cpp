// SPDX-License-Identifier: MIT OR Apache-2.0
// Calls of a form that the program replaced, in a library without exceptions (core/hosted has the
// other one).
#include "core/api/new.h"

void* emma::call_or_null(void* (*form)(std::size_t), std::size_t size) { return form(size); }

void* emma::call_or_null(void* (*form)(std::size_t, std::align_val_t), std::size_t size,
                         std::align_val_t alignment) {
    return form(size, alignment);
}

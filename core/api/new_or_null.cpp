// SPDX-License-Identifier: MIT OR Apache-2.0
// What the nothrow forms of operator new share: the throwing form, if the program replaced it.
#include "core/api/new.h"

void* emma::new_or_null(std::size_t size) {
    void* (*const form)(std::size_t) = ::operator new;
    if (is_default(form, default_new)) return allocate_with_handler(size, 1, true);
    return call_or_null(form, size);
}

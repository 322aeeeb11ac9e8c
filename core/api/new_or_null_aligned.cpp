// SPDX-License-Identifier: MIT OR Apache-2.0
// The same of the aligned forms.
#include "core/api/new.h"

void* emma::new_or_null(std::size_t size, std::align_val_t alignment) {
    void* (*const form)(std::size_t, std::align_val_t) = ::operator new;
    if (is_default(form, default_new_aligned)) {
        return allocate_with_handler(size, static_cast<std::size_t>(alignment), true);
    }
    return call_or_null(form, size, alignment);
}

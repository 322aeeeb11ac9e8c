// SPDX-License-Identifier: MIT OR Apache-2.0
// operator new[], aligned nothrow form, [new.delete.array]/7.
#include "core/api/new.h"

EMMA_REPLACEABLE void* operator new[](std::size_t size, std::align_val_t alignment,
                                      const std::nothrow_t&) noexcept {
    void* (*const form)(std::size_t, std::align_val_t) = ::operator new[];
    if (emma::is_default(form, emma::default_new_array_aligned)) {
        return emma::new_or_null(size, alignment);
    }
    return emma::call_or_null(form, size, alignment);
}

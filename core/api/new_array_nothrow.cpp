// SPDX-License-Identifier: MIT OR Apache-2.0
// operator new[], nothrow form, [new.delete.array]/7: by operator new[], which the program may have
// replaced.
#include "core/api/new.h"

EMMA_REPLACEABLE void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    void* (*const form)(std::size_t) = ::operator new[];
    if (emma::is_default(form, emma::default_new_array)) return emma::new_or_null(size);
    return emma::call_or_null(form, size);
}

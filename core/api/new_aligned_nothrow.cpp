// SPDX-License-Identifier: MIT OR Apache-2.0
// operator new, aligned nothrow form, [new.delete.single]/7.
#include "core/api/new.h"

EMMA_REPLACEABLE void* operator new(std::size_t size, std::align_val_t alignment,
                                    const std::nothrow_t&) noexcept {
    return emma::new_or_null(size, alignment);
}

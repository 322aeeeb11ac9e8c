// SPDX-License-Identifier: MIT OR Apache-2.0
// operator new, nothrow form, [new.delete.single]/7: by operator new, which the program may have
// replaced.
#include "core/api/new.h"

EMMA_REPLACEABLE void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return emma::new_or_null(size);
}

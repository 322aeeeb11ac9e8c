// SPDX-License-Identifier: MIT OR Apache-2.0
// operator new, nothrow form, [new.delete.single]/6.
#include "core/api/new.h"

EMMA_REPLACEABLE void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return emma::allocate_with_handler(size, 1, true);
}

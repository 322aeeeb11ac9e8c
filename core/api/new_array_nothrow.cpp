// SPDX-License-Identifier: MIT OR Apache-2.0
// operator new[], nothrow form, [new.delete.array]/5.
#include "core/api/new.h"

EMMA_REPLACEABLE void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
    return ::operator new(size, tag);
}

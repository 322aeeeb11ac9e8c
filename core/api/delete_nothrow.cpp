// SPDX-License-Identifier: MIT OR Apache-2.0
// operator delete, nothrow form, [new.delete.single]/15.
#include "core/api/new.h"

EMMA_REPLACEABLE void operator delete(void* ptr, const std::nothrow_t&) noexcept {
    ::operator delete(ptr);
}

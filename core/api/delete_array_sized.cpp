// SPDX-License-Identifier: MIT OR Apache-2.0
// operator delete[], sized form, [new.delete.array]/11.
#include "core/api/new.h"

EMMA_REPLACEABLE void operator delete[](void* ptr, std::size_t size) noexcept {
    ::operator delete(ptr, size);
}

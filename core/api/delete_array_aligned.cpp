// SPDX-License-Identifier: MIT OR Apache-2.0
// operator delete[], aligned form, [new.delete.array]/9.
#include "core/api/new.h"

EMMA_REPLACEABLE void operator delete[](void* ptr, std::align_val_t alignment) noexcept {
    ::operator delete(ptr, alignment);
}

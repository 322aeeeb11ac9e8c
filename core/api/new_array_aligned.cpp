// SPDX-License-Identifier: MIT OR Apache-2.0
// operator new[], aligned form, [new.delete.array]/2.
#include "core/api/new.h"

EMMA_REPLACEABLE void* operator new[](std::size_t size, std::align_val_t alignment) {
    return ::operator new(size, alignment);
}

namespace emma {
void* default_new_array_aligned(std::size_t, std::align_val_t)
    __attribute__((alias("_ZnamSt11align_val_t")));
}

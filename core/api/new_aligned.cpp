// SPDX-License-Identifier: MIT OR Apache-2.0
// operator new, aligned form, [new.delete.single]/2.
#include "core/api/new.h"

EMMA_REPLACEABLE void* operator new(std::size_t size, std::align_val_t alignment) {
    return emma::allocate_with_handler(size, static_cast<std::size_t>(alignment), false);
}

namespace emma {
void* default_new_aligned(std::size_t, std::align_val_t)
    __attribute__((alias("_ZnwmSt11align_val_t")));
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// operator new, [new.delete.single]/1.
#include "core/api/new.h"

EMMA_REPLACEABLE void* operator new(std::size_t size) {
    void* const object = emma_malloc(size);
    if (object == nullptr) [[unlikely]]
        return emma::allocate_with_handler(size, 1, false);
    return object;
}

namespace emma {
void* default_new(std::size_t) __attribute__((alias("_Znwm")));
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// operator delete[], aligned nothrow form, [new.delete.array]/13.
#include "core/api/new.h"

EMMA_REPLACEABLE void operator delete[](void* ptr, std::align_val_t alignment,
                                        const std::nothrow_t&) noexcept {
    ::operator delete[](ptr, alignment);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// operator delete[], sized aligned form, [new.delete.array]/11.
#include "core/api/new.h"

EMMA_REPLACEABLE void operator delete[](void* ptr, std::size_t size,
                                        std::align_val_t alignment) noexcept {
    emma::verify_size(ptr, size, static_cast<std::size_t>(alignment));
    ::operator delete[](ptr, alignment);
}

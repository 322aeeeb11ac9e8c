// SPDX-License-Identifier: MIT OR Apache-2.0
// operator delete[], sized form, [new.delete.array]/11: by operator delete[], which the program may
// have replaced.
#include "core/api/new.h"

EMMA_REPLACEABLE void operator delete[](void* ptr, std::size_t size) noexcept {
    emma::verify_size(ptr, size, 1);
    ::operator delete[](ptr);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// The check behind sized operator delete in CHECKS builds; empty in others.
#include "core/api/new.h"
#include "core/instance.h"

#if EMMA_CHECKS == 1
void emma::verify_size(const void* object, std::size_t size, std::size_t alignment) {
    if (emma_owns(object)) home_of(object).check_size(object, size, alignment, Misuse::kDoubleFree);
}
#endif

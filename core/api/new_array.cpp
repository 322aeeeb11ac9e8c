// SPDX-License-Identifier: MIT OR Apache-2.0
// operator new[], [new.delete.array]/1: by operator new, which the program may have replaced.
#include "core/api/new.h"

EMMA_REPLACEABLE void* operator new[](std::size_t size) { return ::operator new(size); }

namespace emma {
void* default_new_array(std::size_t) __attribute__((alias("_Znam")));
}

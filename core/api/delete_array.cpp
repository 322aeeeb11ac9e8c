// SPDX-License-Identifier: MIT OR Apache-2.0
// operator delete[], [new.delete.array]/9: by operator delete, which the program may have replaced.
#include "core/api/new.h"

EMMA_REPLACEABLE void operator delete[](void* ptr) noexcept { ::operator delete(ptr); }

// SPDX-License-Identifier: MIT OR Apache-2.0
// operator delete, [new.delete.single]/10.
#include "core/api/new.h"

EMMA_REPLACEABLE void operator delete(void* ptr) noexcept { emma_free(ptr); }

// SPDX-License-Identifier: MIT OR Apache-2.0
// operator delete, aligned form, [new.delete.single]/10.
#include "core/api/new.h"

EMMA_REPLACEABLE void operator delete(void* ptr, std::align_val_t) noexcept { emma_free(ptr); }

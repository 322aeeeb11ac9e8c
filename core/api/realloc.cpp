// SPDX-License-Identifier: MIT OR Apache-2.0
// The standard name, in an archive member of its own (C23 7.24.3.7).
#include "core/include/emma.h"

extern "C" __attribute__((visibility("default"))) void* realloc(void* ptr, size_t size) {
    return emma_realloc(ptr, size);
}

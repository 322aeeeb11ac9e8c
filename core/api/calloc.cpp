// SPDX-License-Identifier: MIT OR Apache-2.0
// The standard name, in an archive member of its own (C23 7.24.3.2).
#include "core/include/emma.h"

extern "C" __attribute__((visibility("default"))) void* calloc(size_t count, size_t size) {
    return emma_calloc(count, size);
}

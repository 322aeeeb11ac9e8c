// SPDX-License-Identifier: MIT OR Apache-2.0
// The standard name, in an archive member of its own (C23 7.24.3.6).
#include "core/include/emma.h"

extern "C" __attribute__((visibility("default"))) void* malloc(size_t size) {
    return emma_malloc(size);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// The traditional name, in an archive member of its own (man 3 malloc_usable_size).
#include "core/include/emma.h"

extern "C" __attribute__((visibility("default"))) size_t malloc_usable_size(void* ptr) {
    return emma_malloc_usable_size(ptr);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// The standard name, in an archive member of its own (POSIX.1-2024).
#include "core/include/emma.h"

extern "C" __attribute__((visibility("default"))) void* reallocarray(void* ptr, size_t count,
                                                                     size_t size) {
    return emma_reallocarray(ptr, count, size);
}

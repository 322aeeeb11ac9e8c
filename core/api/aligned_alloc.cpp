// SPDX-License-Identifier: MIT OR Apache-2.0
// The standard name, in an archive member of its own (C23 7.24.3.1).
#include "core/include/emma.h"

extern "C" __attribute__((visibility("default"))) void* aligned_alloc(size_t alignment,
                                                                      size_t size) {
    return emma_aligned_alloc(alignment, size);
}

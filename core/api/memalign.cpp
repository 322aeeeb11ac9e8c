// SPDX-License-Identifier: MIT OR Apache-2.0
// The traditional name, in an archive member of its own (man 3 memalign).
#include "core/include/emma.h"

extern "C" __attribute__((visibility("default"))) void* memalign(size_t alignment, size_t size) {
    return emma_memalign(alignment, size);
}

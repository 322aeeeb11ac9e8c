// SPDX-License-Identifier: MIT OR Apache-2.0
// The standard name, in an archive member of its own (POSIX.1-2024).
#include "core/include/emma.h"

extern "C" __attribute__((visibility("default"))) int posix_memalign(void** result,
                                                                     size_t alignment,
                                                                     size_t size) {
    return emma_posix_memalign(result, alignment, size);
}

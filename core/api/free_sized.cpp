// SPDX-License-Identifier: MIT OR Apache-2.0
// The standard name, in an archive member of its own (C23 7.24.3.4).
#include "core/include/emma.h"

extern "C" __attribute__((visibility("default"))) void free_sized(void* ptr, size_t size) {
    emma_free_sized(ptr, size);
}

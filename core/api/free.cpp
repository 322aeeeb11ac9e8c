// SPDX-License-Identifier: MIT OR Apache-2.0
// The standard name, in an archive member of its own (C23 7.24.3.3).
#include "core/include/emma.h"

extern "C" __attribute__((visibility("default"))) void free(void* ptr) { emma_free(ptr); }

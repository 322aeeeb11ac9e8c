// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Before a test that learns from errno why posix_memalign failed, which POSIX tells by the result
// alone.
#include <errno.h>
#include <stdlib.h>

static inline int posix_memalign_with_errno(void** result, size_t alignment, size_t size) {
    const int error = posix_memalign(result, alignment, size);
    if (error != 0) errno = error;
    return error;
}
#define posix_memalign posix_memalign_with_errno

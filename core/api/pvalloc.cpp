// SPDX-License-Identifier: MIT OR Apache-2.0
// A name that only libcs have: whole pages. Here for valloc's reason.
#include "core/config.h"
#include "core/error_number.h"
#include "core/include/emma.h"
#include "core/page_source.h"

EMMA_PUBLIC void* pvalloc(std::size_t size) {
    if (size > emma::kMaxRequestBytes) return emma::fail(emma::kEnomem);
    return emma_aligned_alloc(emma::kPageBytes, emma::align_up(size, emma::kPageBytes));
}

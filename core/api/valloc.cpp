// SPDX-License-Identifier: MIT OR Apache-2.0
// A name that only libcs have: memory aligned to a page. Here because a program that calls it would
// otherwise get an object of the libc's and give it to Emma's free, or link two mallocs.
#include "core/config.h"
#include "core/include/emma.h"
#include "core/page_source.h"

EMMA_PUBLIC void* valloc(std::size_t size) { return emma_aligned_alloc(emma::kPageBytes, size); }

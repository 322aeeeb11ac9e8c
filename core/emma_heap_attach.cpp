// SPDX-License-Identifier: MIT OR Apache-2.0
// The public face of heaps that processes share.
#include "core/error_number.h"
#include "core/include/emma.h"
#include "core/shared_heap.h"

using namespace emma;

EMMA_PUBLIC emma_heap* emma_heap_attach(void* region, size_t region_bytes,
                                        unsigned process) noexcept {
    int error = kEinval;
    emma_heap* const heap = kBare ? nullptr : attach_heap(region, region_bytes, process, error);
    return heap != nullptr ? heap : static_cast<emma_heap*>(fail(error));
}

EMMA_PUBLIC size_t emma_heap_recover(emma_heap* heap, unsigned process) noexcept {
    return kBare ? 0 : recover_heap(heap, process);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// The picture of a heap of one's own.
#include "core/own_heap.h"
#include "core/picture.h"

EMMA_PUBLIC void emma_heap_picture(emma_heap* heap, emma_writer write, void* context) noexcept {
    emma::draw_picture(emma::instance_of(heap), nullptr, {write, context});
}

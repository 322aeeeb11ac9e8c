// SPDX-License-Identifier: MIT OR Apache-2.0
// The public face of heaps of one's own: looking at them and giving back what is free.
#include "core/audit.h"
#include "core/include/emma.h"
#include "core/own_heap.h"
#include "core/stats.h"

using namespace emma;

EMMA_PUBLIC size_t emma_heap_trim(emma_heap* heap) noexcept { return instance_of(heap).trim(); }

EMMA_PUBLIC int emma_heap_walk(emma_heap* heap, emma_visitor visitor, void* context) noexcept {
    const bool is_whole = for_each_live(instance_of(heap), [&](void* object, std::size_t bytes) {
        return visitor(context, object, bytes);
    });
    return is_whole ? 0 : 1;
}

EMMA_PUBLIC unsigned emma_heap_check(emma_heap* heap, emma_writer write, void* context) noexcept {
    return audit(instance_of(heap), {write, context});
}

EMMA_PUBLIC void emma_heap_report(emma_heap* heap, emma_writer write, void* context) noexcept {
    report_stats(instance_of(heap), {write, context});
}

EMMA_PUBLIC void emma_heap_stats(emma_heap* heap, struct emma_stats* stats) noexcept {
    gather_stats(instance_of(heap), *stats);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Adopting idle heaps and making new ones. New heaps share a mapping, away from all objects.
#include "core/heap_pool.h"

namespace emma {
namespace {

constexpr std::size_t kHeapsMappingBytes = kSliceBytes;  // aligned to its size
static_assert(sizeof(Heap) * 8 <= kHeapsMappingBytes);

bool fits(std::uintptr_t heap_addr) {
    return heap_addr != 0 && (heap_addr & kSliceMask) + sizeof(Heap) <= kHeapsMappingBytes &&
           (heap_addr & kSliceMask) != 0;
}

}  // namespace

bool HeapPool::try_acquire(Heap* heap) {
    if (!heap->ownership.try_claim()) return false;
    heap->busy.reset();
    return true;
}

void HeapPool::release(Heap* heap) { heap->ownership.release(); }

Heap* HeapPool::acquire(ArenaPool& arenas) {
    Heap* const heap = take_idle(arenas);
    return heap != nullptr ? heap : add(arenas);
}

Heap* HeapPool::take_idle(ArenaPool& arenas) {
    for (Heap* heap = newest_.load(memory_order_acquire); heap; heap = heap->older)
        if (try_acquire(heap)) return heap;
    if (!try_acquire(&first_)) return nullptr;
    first_.arenas = &arenas;
    return &first_;
}

Heap* HeapPool::add(ArenaPool& arenas) {
    std::uintptr_t addr = next_addr_.load(memory_order_relaxed);
    for (;;) {
        if (fits(addr)) {
            // A failure means that another thread took the place: it has its heap.
            if (next_addr_.compare_exchange(addr, addr + sizeof(Heap), memory_order_acquire,
                                            memory_order_relaxed))
                break;
            continue;
        }
        void* const pages = arenas.map(kHeapsMappingBytes, kSliceBytes);
        if (pages == nullptr) return nullptr;
        const auto first_addr = reinterpret_cast<std::uintptr_t>(pages);
        if (next_addr_.compare_exchange(addr, first_addr + sizeof(Heap), memory_order_acq_rel,
                                        memory_order_relaxed)) {
            addr = first_addr;
            break;
        }
        (void)arenas.unmap(pages, kHeapsMappingBytes);
    }
    Heap* const heap = reinterpret_cast<Heap*>(addr);
    heap->arenas = &arenas;
    (void)try_acquire(heap);
    heap->older = newest_.load(memory_order_relaxed);
    // Release publishes the heap to take_idle(). A failure means another thread added one.
    while (
        !newest_.compare_exchange(heap->older, heap, memory_order_release, memory_order_relaxed)) {
    }
    return heap;
}

}  // namespace emma

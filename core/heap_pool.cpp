// SPDX-License-Identifier: MIT OR Apache-2.0
// Adopting heaps without a holder, finding those whose thread has ended without a word, and making
// new ones. New heaps share a mapping, away from all objects.
#include "core/heap_pool.h"

#include "arch/linux/threads.h"

namespace emma {
namespace {

constexpr std::size_t kHeapsMappingBytes = kSliceBytes;  // aligned to its size
static_assert(sizeof(Heap) * 8 <= kHeapsMappingBytes);

// Threads asked about before a new heap is made: every new heap pays for the search for a few
// ended threads, so ended ones do not add up and many live ones cost little.
constexpr unsigned kChecksPerHeap = 8;

bool fits(std::uintptr_t heap_addr) {
    const std::uintptr_t offset = heap_addr & kSliceMask;
    return offset != 0 && offset + sizeof(Heap) <= kHeapsMappingBytes;
}

constexpr unsigned kProcessShift = 32;

// Only a thread of this very process: after a fork the words of the parent's threads say nothing
// about the thread that the child's heap belongs to.
bool has_ended(std::uint64_t holder, std::uint32_t process) {
    if (holder == Ownership::kIdle || holder == Ownership::kAnonymous) return false;
    if (holder >> kProcessShift != process) return false;
    return arch::thread_is_gone(process, static_cast<std::uint32_t>(holder));
}

}  // namespace

std::uint64_t this_thread_as_holder() {
    return std::uint64_t{arch::process_id()} << kProcessShift | arch::thread_id();
}

bool HeapPool::try_acquire(Heap* heap, std::uint64_t holder) {
    if (!heap->ownership.try_claim(holder)) return false;
    if (heap->visited.is_set()) {  // no use to whoever wants to work in it now
        release(heap);
        return false;
    }
    heap->busy.reset();
    return true;
}

Heap* HeapPool::acquire(ArenaPool& arenas, std::uint64_t holder) {
    Heap* heap = take_idle(holder);
    if (heap == nullptr && has_several()) heap = take_from_ended(holder);
    if (heap == nullptr) heap = add(arenas, holder);
    // Once only: a visitor of a heap with slabs reads it.
    if (heap != nullptr && heap->arenas == nullptr) heap->arenas = &arenas;
    return heap;
}

Heap* HeapPool::take_idle(std::uint64_t holder) {
    for (Heap* heap = newest(); heap != nullptr; heap = heap->older)
        if (try_acquire(heap, holder)) return heap;
    return nullptr;
}

// A heap that was left in the middle of an operation is never taken over.
Heap* HeapPool::take_from_ended(std::uint64_t holder) {
    const std::uint32_t process = arch::process_id();
    Heap* heap = next_to_check_.load(memory_order_relaxed);
    for (unsigned i = 0; i < kChecksPerHeap; ++i) {
        if (heap == nullptr) heap = newest();
        const std::uint64_t former = heap->ownership.holder();
        if (has_ended(former, process) && heap->busy.is_unoccupied_remote() &&
            heap->ownership.try_take_over(former, holder))
            return heap;
        heap = heap->older;
        next_to_check_.store(heap, memory_order_relaxed);
    }
    return nullptr;
}

std::uintptr_t HeapPool::take_place(ArenaPool& arenas) {
    std::uintptr_t addr = next_addr_.load(memory_order_relaxed);
    for (;;) {
        if (fits(addr)) {
            // A failure means that another thread took the place: it has its heap.
            if (next_addr_.compare_exchange(addr, addr + sizeof(Heap), memory_order_acquire,
                                            memory_order_relaxed))
                return addr;
            continue;
        }
        void* const pages = arenas.map(kHeapsMappingBytes, kSliceBytes);
        if (pages == nullptr) return 0;
        const auto first_addr = reinterpret_cast<std::uintptr_t>(pages);
        if (next_addr_.compare_exchange(addr, first_addr + sizeof(Heap), memory_order_acq_rel,
                                        memory_order_relaxed))
            return first_addr;
        (void)arenas.unmap(pages, kHeapsMappingBytes);
    }
}

Heap* HeapPool::add(ArenaPool& arenas, std::uint64_t holder) {
    Heap* const heap = reinterpret_cast<Heap*>(take_place(arenas));
    if (heap == nullptr) return nullptr;
    (void)try_acquire(heap, holder);
    heap->arenas = &arenas;
    Heap* before = newest_.load(memory_order_relaxed);
    // Release publishes the heap to newest(). A failure means that another thread added one.
    do heap->older = before != nullptr ? before : &first_;
    while (!newest_.compare_exchange(before, heap, memory_order_release, memory_order_relaxed));
    return heap;
}

}  // namespace emma

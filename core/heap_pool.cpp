// SPDX-License-Identifier: MIT OR Apache-2.0
// Adopting heaps without a holder, finding those whose thread has ended without a word, and making
// new ones. New heaps share a mapping, away from all objects.
#include "core/heap_pool.h"

#include "arch/system.h"

namespace emma {
namespace {

// Threads asked about before a new heap is made: every new heap pays for the search for a few
// ended threads, so ended ones do not add up and many live ones cost little.
constexpr unsigned kChecksPerHeap = 8;

// Behind the first place of a mapping, and in it.
bool fits(std::uintptr_t heap_addr) {
    const std::uintptr_t offset = heap_addr & (HeapPool::kMappingBytes - 1);
    return offset != 0 && offset + sizeof(Heap) <= HeapPool::kMappingBytes;
}

// Only a thread of this very process: after a fork the words of the parent's threads say nothing
// about the thread that the child's heap belongs to.
bool has_ended(std::uint64_t holder, std::uint32_t process) {
    if (holder == Ownership::kIdle || holder == Ownership::kAnonymous) return false;
    if (holder_process(holder) != process) return false;
    return arch::thread_is_gone(process, holder_thread(holder));
}

// Process id above thread id.
std::uint64_t this_thread_as_holder(std::uint32_t process) {
    return std::uint64_t{process} << kProcessShift | arch::thread_id();
}

}  // namespace

bool HeapPool::try_acquire(Heap* heap, std::uint64_t holder) {
    if (!heap->ownership.try_claim(holder)) return false;
    if (heap->visited.is_set()) {  // no use to whoever wants to work in it now
        release(heap);
        return false;
    }
    heap->busy.exit();  // as if an operation had just ended
    return true;
}

Heap* HeapPool::acquire(ArenaPool& arenas) {
    Heap* heap = take_idle(arenas, Ownership::kAnonymous);
    // Else threads that each took an idle heap and ended without a word would add up: the operation
    // that finds none idle would make one for the next thread.
    if (heap == nullptr && naming_.load(memory_order_relaxed) == Naming::kAll)
        heap = take_from_ended(Ownership::kAnonymous, arch::process_id());
    return heap != nullptr ? heap : add(arenas, Ownership::kAnonymous);
}

Heap* HeapPool::acquire_for_this_thread(ArenaPool& arenas) {
    Naming naming = Naming::kFromSecond;
    if (naming_.compare_exchange(naming, Naming::kAll, memory_order_relaxed,
                                 memory_order_relaxed) ||
        naming == Naming::kNever)
        return acquire(arenas);
    const std::uint32_t process = arch::process_id();
    const std::uint64_t holder = this_thread_as_holder(process);
    Heap* heap = take_idle(arenas, holder);
    if (heap == nullptr) heap = take_from_ended(holder, process);
    return heap != nullptr ? heap : add(arenas, holder);
}

Heap* HeapPool::take_idle(ArenaPool& arenas, std::uint64_t holder) {
    for (Heap* heap = newest(); heap != nullptr; heap = heap->older) {
        if (!try_acquire(heap, holder)) continue;
        // Once only, as a visitor of a heap with slabs reads it; first_ has none yet.
        if (heap->arenas == nullptr) heap->arenas = &arenas;
        return heap;
    }
    return nullptr;
}

// A heap that was left in the middle of an operation is never taken over; nor one that a visitor
// keeps, who may be dead as well: it would let nobody in.
Heap* HeapPool::take_from_ended(std::uint64_t holder, std::uint32_t process) {
    Heap* heap = next_to_check_.load(memory_order_relaxed);
    for (unsigned i = 0; i < kChecksPerHeap; ++i) {
        if (heap == nullptr) heap = newest();
        const std::uint64_t former = heap->ownership.holder();
        if (has_ended(former, process) && heap->busy.is_unoccupied_remote() &&
            !heap->visited.is_set() && heap->ownership.try_take_over(former, holder))
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
        void* const pages = arenas.pages().map(HeapPool::kMappingBytes, HeapPool::kMappingBytes);
        if (pages == nullptr) return 0;
        const auto first_addr = reinterpret_cast<std::uintptr_t>(pages);
        if (next_addr_.compare_exchange(addr, first_addr + sizeof(Heap), memory_order_acq_rel,
                                        memory_order_relaxed))
            return first_addr;
        (void)arenas.pages().unmap_or_keep(pages, HeapPool::kMappingBytes);
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

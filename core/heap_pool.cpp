// SPDX-License-Identifier: MIT OR Apache-2.0
// Adopting heaps without a holder, finding those whose thread has ended without a word, and making
// new ones. New heaps share a mapping, away from all objects.
#include "core/heap_pool.h"

#include "arch/system.h"

namespace emma {

constinit Atomic<std::uint64_t> g_process_bits{0};

namespace {

// Threads asked about before a new heap is made: every new heap pays for the search for a few
// ended threads, so ended ones do not add up and many live ones cost little.
constexpr unsigned kChecksPerHeap = 8;
// Heaps that are tried before a new one is made; and if there is no memory for one.
constexpr std::uint32_t kTried = 64;
constexpr std::uint32_t kAll = ~std::uint32_t{0};

// Behind the first place of a mapping, and in it.
bool fits(std::uintptr_t heap_addr) {
    const std::uintptr_t offset = heap_addr & (HeapPool::kMappingBytes - 1);
    return offset != 0 && offset + sizeof(ThreadHeap) <= HeapPool::kMappingBytes;
}

}  // namespace

bool Generations::begin(Pages& pages) {
    if (page_.load(memory_order_relaxed) != nullptr) return true;
    auto* const page = static_cast<Atomic<std::uint16_t>*>(pages.map(kPageBytes, kPageBytes));
    if (page == nullptr) return false;
    if (!kBare) count_call(&g_system_calls);
    if (arch::wipe_on_fork(page, kPageBytes) != arch::Errno::kNone)
        page->store(kUnknown, memory_order_relaxed);
    Atomic<std::uint16_t>* expected = nullptr;
    // A failure means that another thread has made it.
    if (!page_.compare_exchange(expected, page, memory_order_acq_rel, memory_order_relaxed))
        (void)pages.unmap_or_keep(page, kPageBytes);
    return true;
}

std::uint16_t Generations::current() {
    Atomic<std::uint16_t>* const page = page_.load(memory_order_acquire);
    if (page == nullptr) return 0;
    std::uint16_t generation = page->load(memory_order_relaxed);
    if (generation != 0) return generation;
    std::uint16_t next = last_.load(memory_order_relaxed);
    if (next != kUnknown) ++next;
    // A failure means that another thread has numbered the process.
    if (!page->compare_exchange(generation, next, memory_order_relaxed, memory_order_relaxed))
        return generation;
    last_.store(next, memory_order_relaxed);
    return next;
}

// In a process with a number, one thread's heap can have another: that of the thread that made the
// fork. All that attached since have the number.
void HeapPool::settle(ThreadHeap* own) {
    const std::uint16_t generation = generations_.current();
    if (generation == own->ownership.holder().generation() || !may_ask()) return;
    own->ownership.rename(this_thread());
    generations_.settle(generation);
}

Holder HeapPool::this_thread() {
    return Holder::thread(generations_.current(), arch::process_id(), arch::thread_id());
}

bool HeapPool::try_acquire(ThreadHeap* heap, Holder holder) {
    if (!heap->ownership.try_claim(holder)) return false;
    if (heap->visited.is_set()) {  // no use to whoever wants to work in it now
        release(heap);
        return false;
    }
    heap->busy.exit();  // as if an operation had just ended
    return true;
}

ThreadHeap* HeapPool::acquire(Holder holder, ArenaPool& arenas) {
    ThreadHeap* heap = take_idle(holder, kTried);
    // Else threads that each took an idle heap and ended without a word would add up: the operation
    // that finds none idle would make one for the next thread.
    if (heap == nullptr && naming_.load(memory_order_relaxed) == Naming::kAll)
        heap = take_left(holder);
    if (heap == nullptr && take_back_any != nullptr) heap = take_back_any(*this, holder);
    if (heap == nullptr) heap = add(arenas, holder);
    if (heap == nullptr) heap = take_idle(holder, kAll);
    // Once only, as a visitor of a heap with slabs reads it; a new one has none yet.
    if (heap != nullptr && heap->arenas == nullptr) heap->arenas = &arenas;
    return heap;
}

ThreadHeap* HeapPool::acquire_for_this_thread(ArenaPool& arenas) {
    Naming naming = Naming::kFromSecond;
    if (naming_.compare_exchange(naming, Naming::kAll, memory_order_relaxed,
                                 memory_order_relaxed) ||
        naming == Naming::kNever)
        return acquire(Holder::unnamed_thread(), arenas);
    if (!generations_.begin(arenas.pages())) return nullptr;
    return acquire(this_thread(), arenas);
}

// Threads have the heaps in turn: the free slots that each keeps are used before it grows, where
// the heap that was left last would grow for all of them. Single operations do with as few heaps
// as they can, and look from the newest on. Of more heaps than `left` an idle one may be missed;
// but each thread goes on where the one before it stopped, so few stay idle while others are made.
ThreadHeap* HeapPool::take_idle(Holder holder, std::uint32_t left) {
    ThreadHeap* heap = newest_.load(memory_order_acquire);  // newest(), without a call
    if (heap == nullptr) heap = &first_;
    if (holder.is_thread())
        if (ThreadHeap* const next = next_to_take_.load(memory_order_acquire)) heap = next;
    ThreadHeap* const from = heap;
    do {
        ThreadHeap* const tried = heap;
        const bool is_taken = try_acquire(heap, holder);
        heap = heap->older;
        if (holder.is_thread()) next_to_take_.store(heap, memory_order_release);
        if (is_taken) return tried;
        if (heap == nullptr) heap = newest();
    } while (heap != from && --left != 0);
    return nullptr;
}

bool HeapPool::is_gone(Holder holder, std::uint32_t process) {
    const std::uint16_t generation = generations_.current();
    if (!holder.is_thread() || generation == Generations::kUnknown) return false;
    if (holder.generation() != generation) return generations_.is_settled(generation);
    // Only a thread of this very process can be asked about: a vfork's child shares its memory. Of
    // an id that was refused, 0, the kernel says EINVAL, which is no proof.
    return holder.process() == process && arch::thread_is_gone(process, holder.thread());
}

// In this order: a thread that is gone enters no more.
bool HeapPool::is_left(const ThreadHeap* heap, Holder former, Holder taker) {
    return is_gone(former, taker.process()) && heap->is_open();
}

// A heap that was left in the middle of an operation is never taken over; nor one that a visitor
// keeps, who may be dead as well: it would let nobody in.
//
// A thread's id comes again: between the kernel's answer and the exchange another thread may have
// taken the heap over and left it, and one that is now called as the former holder may have it. So
// the thread first takes the heap in its own name, which no other thread or operation writes, and
// asks once more. Nobody can come by the heap as `former` any more. If such a thread lives, the
// heap is given back as it was; if that thread has released or renamed it meanwhile, over this
// thread's name, the heap is not touched again.
ThreadHeap* HeapPool::take_left(Holder holder) {
    const Holder taker = holder.is_thread() ? holder : this_thread();
    if (taker.thread() == 0) return nullptr;  // which is not a name of its own
    ThreadHeap* heap = next_to_check_.load(memory_order_acquire);
    for (unsigned left = kChecksPerHeap; left != 0; --left) {
        if (heap == nullptr) heap = newest();
        const Holder former = heap->ownership.holder();
        if (is_left(heap, former, taker) && heap->ownership.try_take_over(former, taker)) {
            const bool is_sure = is_left(heap, former, taker);
            if (heap->ownership.try_take_over(taker, is_sure ? holder : former) && is_sure)
                return heap;
        }
        heap = heap->older;
        next_to_check_.store(heap, memory_order_release);
    }
    return nullptr;
}

std::uintptr_t HeapPool::take_place(ArenaPool& arenas) {
    std::uintptr_t addr = next_addr_.load(memory_order_relaxed);
    for (;;) {
        if (fits(addr)) {
            // A failure means that another thread took the place: it has its heap.
            if (next_addr_.compare_exchange(addr, addr + sizeof(ThreadHeap), memory_order_acquire,
                                            memory_order_relaxed))
                return addr;
            continue;
        }
        void* const pages = arenas.map(HeapPool::kMappingBytes, HeapPool::kMappingBytes);
        if (pages == nullptr) return 0;
        const auto first_addr = reinterpret_cast<std::uintptr_t>(pages);
        if (next_addr_.compare_exchange(addr, first_addr + sizeof(ThreadHeap), memory_order_acq_rel,
                                        memory_order_relaxed))
            return first_addr;
        (void)arenas.pages().unmap_or_keep(pages, HeapPool::kMappingBytes);
    }
}

ThreadHeap* HeapPool::add(ArenaPool& arenas, Holder holder) {
    ThreadHeap* const heap = reinterpret_cast<ThreadHeap*>(take_place(arenas));
    if (heap == nullptr) return nullptr;
    (void)try_acquire(heap, holder);
    ThreadHeap* before = newest_.load(memory_order_relaxed);
    // Release publishes the heap to newest(). A failure means that another thread added one.
    do heap->older = before != nullptr ? before : &first_;
    while (!newest_.compare_exchange(before, heap, memory_order_release, memory_order_relaxed));
    return heap;
}

}  // namespace emma

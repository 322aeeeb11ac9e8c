// SPDX-License-Identifier: MIT OR Apache-2.0
// All heaps of an instance. A heap outlives whoever held it, with its slabs and the objects in
// them, and is adopted whole by the next thread that needs one. Heaps are added, never removed, so
// a pointer to one is good as long as the instance. Any thread may call anything here.
#pragma once

#include "core/arena_pool.h"
#include "core/atomic.h"
#include "core/heap.h"

namespace emma {

// Numbers the processes of a line of forks, so that a child knows which heaps were its parent's.
// The number lies in a page that the kernel fills with zeros in a child (madvise(2),
// MADV_WIPEONFORK), but not if the memory is shared (vfork(2)). A process id does not tell parent
// and child apart: each may be process 1 of a namespace of its own.
class Generations {
  public:
    // Nothing tells a child from its parent: the kernel (before 4.14) or a sandbox refuses the
    // advice, or the numbers have run out after 65,534 forks in a line. Then no thread is ever
    // known to be gone.
    static constexpr std::uint16_t kUnknown = 65535;

    // Has the page; false: no memory for it.
    bool begin(Pages& pages);
    // Of this process; 0: there is no page yet.
    std::uint16_t current();
    // Whether the thread that survived the fork has said that its heap is of this generation. Not
    // where there is no page yet, or this thread sees it late: the others' generation is its own.
    bool is_settled(std::uint16_t generation) const {
        return generation != 0 && settled_.load(memory_order_acquire) == generation;
    }
    // By which a visitor of this process is told from one that a fork has left behind; it comes
    // again after 254 forks in a line, which then takes the one for the other.
    std::uint8_t mark() {
        const std::uint16_t generation = current();
        if (generation == 0 || generation == kUnknown) return Visited::kAnyProcess;
        return static_cast<std::uint8_t>(1 + generation % 254);
    }
    // Release publishes the name of the survivor's heap.
    void settle(std::uint16_t generation) { settled_.store(generation, memory_order_release); }

  private:
    Atomic<Atomic<std::uint16_t>*> page_;
    Atomic<std::uint16_t> last_;
    Atomic<std::uint16_t> settled_;
    friend struct ForkInspector;  // tests
};

class HeapPool {
  public:
    // A heap that nobody holds, for one operation; null: no memory for a new one. Before a new one
    // is made also one that an operation left for good whose name overlaps this one's, and where
    // threads say who they are one whose thread has ended.
    ThreadHeap* acquire(Holder operation, ArenaPool& arenas);
    // A heap that nobody holds or whose thread has ended; null: no memory. Asks the system who the
    // thread is and whether others live.
    ThreadHeap* acquire_for_this_thread(ArenaPool& arenas);
    // From now on threads do not say who they are, and the system is not asked.
    void stop_asking() { naming_.store(Naming::kNever, memory_order_relaxed); }
    bool may_ask() const { return naming_.load(memory_order_relaxed) != Naming::kNever; }
    // This very heap, if nobody holds it.
    static bool try_acquire(ThreadHeap* heap, Holder holder);
    // After a fork, the surviving thread with its own heap: says anew who holds it, so that all
    // other heaps of the parent's threads are known to be left behind. To be called now and then.
    void settle(ThreadHeap* own);
    // Whether a thread that holds a heap is known to be no more.
    bool is_gone(Holder holder, std::uint32_t process);
    static void release(ThreadHeap* heap) { heap->ownership.release(); }

    // Runs work(heap) while the heap's holder is kept out, if that can be had: false where the
    // holder, or another visitor, is at work in it, or where there is no barrier.
    template <typename Work>
    static bool visit(ThreadHeap* heap, Work work, std::uint8_t mark = Visited::kAnyProcess);
    // Of visitors of this process; see Generations.
    std::uint8_t mark() { return generations_.mark(); }
    // The same after an attempt to have the page that tells a child from its parent.
    std::uint8_t visitors_mark(Pages& pages) {
        (void)generations_.begin(pages);
        return mark();
    }

    // New heaps share mappings of this size, aligned to it; little, as fixed regions may be small.
    static constexpr std::size_t kMappingBytes = 4 * kPageBytes;
    static_assert(sizeof(ThreadHeap) * 5 <= kMappingBytes);

    // Gives the heaps' mappings back. The pool is dead then.
    void unmap_all(Pages& pages);

    // Takes back what take_back() finds among some heaps, but for the borrowed one.
    [[gnu::noinline]] void take_back_some(Holder mine, const ThreadHeap* borrowed);

    // Takes back all that operations of the process of this number hold, which is no more.
    void take_back_process(unsigned number, Holder mine);

    // Calls visit(heap, bytes) for each mapping of heaps; the heap lies at its start.
    template <typename Visitor>
    void for_each_mapping(Visitor visit) {
        for_each([&](ThreadHeap* heap) {
            if ((reinterpret_cast<std::uintptr_t>(heap) & (kMappingBytes - 1)) == 0)
                visit(heap, kMappingBytes);
        });
    }

    // Calls look_at(heap) for every heap.
    template <typename Visitor>
    void for_each(Visitor look_at) {
        for (ThreadHeap* heap = newest(); heap != nullptr; heap = heap->older) look_at(heap);
    }

  private:
    // The list of all heaps; it ends with first_.
    ThreadHeap* newest() {
        ThreadHeap* const newest = newest_.load(memory_order_acquire);
        return newest != nullptr ? newest : &first_;
    }
    // Whether threads say who they are when they take a heap.
    enum class Naming : std::uint8_t {
        kFromSecond,  // all but the first one: it costs no system call, and mostly ends last
        kAll,
        kNever,
    };

    Holder this_thread();
    // Tries so many heaps.
    ThreadHeap* take_idle(Holder holder, std::uint32_t left);
    bool is_left(const ThreadHeap* heap, Holder former, Holder taker);
    ThreadHeap* take_left(Holder holder);
    ThreadHeap* add(ArenaPool& arenas, Holder holder);
    std::uintptr_t take_place(ArenaPool& arenas);

    Atomic<ThreadHeap*> newest_;         // any thread; null: there is only first_
    Atomic<ThreadHeap*> next_to_take_;   // any thread; null: newest()
    Atomic<ThreadHeap*> next_to_check_;  // any thread; where the search for ended threads goes on
    Atomic<ThreadHeap*> next_to_take_back_;  // any thread; where note_borrow() goes on
    Atomic<std::uintptr_t> next_addr_;  // any thread; place of the next new heap in its mapping
    Atomic<Naming> naming_;             // any thread
    Generations generations_;           // any thread
    ThreadHeap first_{};                // a program with one thread needs no other
    friend struct ForkInspector;        // tests
    friend struct Layout;               // linker/gdb
    friend void note_push(HeapPool& heaps, ThreadHeap* own);
};

// All threads of the process pass a memory barrier.
bool barrier_on_all_threads();

// For a heap's holder, which could not enter it: enters a heap whose visitor was left behind by a
// fork. Weak: a program without visitors (emma_trim, emma_walk, emma_check) has no need of it.
[[gnu::weak]] bool enter_left_heap(HeapPool& heaps, ThreadHeap* own);

// In rebuild.cpp too. Takes the heap for the operation `mine` if an operation with an overlapping
// name holds it, which then was left for good; the heap is whole and unoccupied. False: it was not.
bool take_back(ThreadHeap* heap, Holder mine);
// Some heap that take_back() takes; null: there is none. Weak: in a program without it, a heap that
// a jump left stays left.
[[gnu::weak]] ThreadHeap* take_back_any(HeapPool& heaps, Holder mine);
// After an operation has borrowed a heap, the `before`-th since the start: now and then takes a few
// other heaps back and leaves them to all. A free borrows the heap of its object and no other, so
// it would never look for the heaps that frees have left.
[[gnu::weak]] void note_borrow(HeapPool& heaps, Holder mine, const ThreadHeap* borrowed,
                               std::size_t before);

// In rebuild.cpp too, for the same reason and because only threads that a libc starts end without
// a word. A remote free has put a slab into an inbox: now and then a heap whose thread has ended so
// is looked for, drained, and left to all, as no thread may ever adopt it. `own`: the calling
// thread's heap, which counts: a count that all threads share would cost more than the push.
[[gnu::weak]] void note_push(HeapPool& heaps, ThreadHeap* own);
inline void note_push_if_linked(HeapPool& heaps, ThreadHeap* own) {
    if (note_push != nullptr) note_push(heaps, own);
}

template <typename Work>
bool HeapPool::visit(ThreadHeap* heap, Work work, std::uint8_t mark) {
    if (!heap->visited.try_set(mark)) return false;
    const bool alone = barrier_on_all_threads() && heap->busy.is_unoccupied_remote();
    if (alone) work(heap);
    heap->visited.clear();
    return alone;
}

}  // namespace emma

// SPDX-License-Identifier: MIT OR Apache-2.0
// Heaps that an operation has left for good, by a longjmp or by a fork that did not take its thread
// along, are made whole and taken back; and heaps whose thread has ended are drained now and then
// (note_push). heap_pool.h declares all of it. In a file of its own, which only a program with
// visitors or with emma_thread_attach has linked.
#include "arch/system.h"
#include "core/error_number.h"
#include "core/include/emma.h"
#include "core/instance.h"

namespace emma {

// The bitmaps and descriptors of the slabs say all. Whatever the operation was in the middle of, a
// slab in use has its bitmap, its geometry and at least as many uncounted words as there are. What
// it had in its hands is lost: an object; or a slab, if it was claiming or retiring one; or, while
// it collected a slab's remote frees, those of one bitmap word, and then the slab is never retired.
void ThreadHeap::rebuild() {
    arch::zero_bytes(&bins, sizeof bins);
    arch::zero_bytes(&slabs, sizeof slabs);
    if (arenas == nullptr) return;
    {
        const ArenaGuard guard(*arenas);
        arenas->for_each([&](Arena& arena) {
            for (unsigned slice = arena.first_slice(); slice < kSlicesPerArena; ++slice) {
                Slab* const slab = &arena.slab(slice);
                // Acquire: another heap's slab is seen whole, and then is not this heap's.
                if (slab->use.load(memory_order_acquire) != SliceUse::kSlab) continue;
                if (slab->owner.heap() != this) continue;
                const unsigned free = count_free(slab->free_words, slab->slot_count);
                slab->state = SlabState::kFull;
                settle(slab, slab->slot_count - free + slab->uncounted);
            }
        });
    }
    while (Slab* const slab = draining) {  // as in drain_inbox()
        draining = inbox_next_of(slab);
        collect(slab, 0);
    }
    drain_inbox();
}

// Makes all threads of the process pass a memory barrier: see Visited. Beside enter_left_heap(), as
// a program that has visitors must have that.
bool barrier_on_all_threads() { return arch::barrier_on_all_threads(); }

// Occupied by its holder the heap keeps new visitors out.
bool enter_left_heap(HeapPool& heaps, ThreadHeap* own) {
    if (!own->visited.is_left_behind(heaps.mark())) return false;
    const Busy::Mark before = own->busy.occupy();
    if (before != Busy::Mark::kUnoccupied) {
        own->busy.put_back(before);
        return false;
    }
    own->rebuild();
    own->visited.clear();
    return true;
}

namespace {

// A heap in which an operation was at work that will never go on. False: a visitor may be at work
// in it.
bool take_back(ThreadHeap* heap) {
    // Occupied for good it has no visitor, unless that one is just finding so.
    if (!heap->enter() && heap->visited.is_set()) return false;
    heap->rebuild();
    heap->leave();
    heap->borrower.store(nullptr, memory_order_relaxed);
    return true;
}

// Whether two processes may share the heap's memory, as they may a region of the program's: then an
// address on a stack is no name, for a fork's child has the same ones.
bool may_be_shared(const ThreadHeap* heap) {
    return !kBare && heap->arenas != nullptr && &heap->arenas->shape() != &kDefaultShape;
}

}  // namespace

// The name may overlap a handler's too that comes in between; then the exchange decides. It never
// meets the same name again, as it was another operation's, which would overlap this one's.
bool take_back(ThreadHeap* heap, Holder mine) {
    const Holder former = heap->ownership.holder();
    return mine.overlaps(former) && !may_be_shared(heap) &&
           heap->ownership.try_take_over(former, mine) && take_back(heap);
}

// All heaps are looked at, since this comes before a new one is made: then it is one for each place
// on the stacks that operations have been left at.
ThreadHeap* take_back_any(HeapPool& heaps, Holder mine) {
    ThreadHeap* found = nullptr;
    if (!mine.is_operation()) return found;
    heaps.for_each([&](ThreadHeap* heap) {
        if (found == nullptr && take_back(heap, mine)) found = heap;
    });
    return found;
}

// A few heaps at a time, in turn.
void HeapPool::take_back_some(Holder mine, const ThreadHeap* borrowed) {
    constexpr unsigned kHeapsPerSearch = 32;
    ThreadHeap* heap = next_to_take_back_.load(memory_order_acquire);
    if (heap == nullptr) heap = newest();
    for (unsigned left = kHeapsPerSearch; heap != nullptr && left != 0; --left) {
        if (heap != borrowed && take_back(heap, mine)) release(heap);
        heap = heap->older;
    }
    next_to_take_back_.store(heap, memory_order_release);
}

// Of a process that is no more only another one that takes back may have the heap meanwhile.
void HeapPool::take_back_process(unsigned number, Holder mine) {
    for_each([&](ThreadHeap* heap) {
        const Holder former = heap->ownership.holder();
        if (!former.is_of_process(number) || !heap->ownership.try_take_over(former, mine)) return;
        (void)take_back(heap);
        release(heap);
    });
}

// Every 31st borrowing. A prime number: with an even one, a program that allocates and frees in
// turn would only ever search in its frees, or only in its allocations.
void note_borrow(HeapPool& heaps, Holder mine, const ThreadHeap* borrowed, std::size_t before) {
    constexpr std::uint32_t kBorrowsPerSearch = 31;
    if (static_cast<std::uint32_t>(before) % kBorrowsPerSearch != 0) return;
    heaps.take_back_some(mine, borrowed);
}

void note_push(HeapPool& heaps, ThreadHeap* own) {
    constexpr std::uint32_t kPushesPerSearch = 64, kSearchesPerWalk = 64;
    const std::uint32_t pushes = own->pushes.fetch_add(1, memory_order_relaxed) + 1;
    if (pushes % kPushesPerSearch != 0 || !heaps.may_ask()) return;
    OperationName name;
    const Holder mine = name.holder();
    ThreadHeap* const left = pushes % (kPushesPerSearch * kSearchesPerWalk) == 0
                                 ? take_back_any(heaps, mine)
                                 : heaps.take_left(mine);
    if (left == nullptr) return;
    left->borrower.store(own, memory_order_relaxed);
    left->drain();
    left->borrower.store(nullptr, memory_order_relaxed);
    HeapPool::release(left);
}
}  // namespace emma

using namespace emma;

// Not from a signal handler: no operation of the thread's is interrupted.
EMMA_PUBLIC int emma_thread_attach(void) noexcept {
    ThreadHeap* const own = current_heap();
    const bool was_left = own != &g_no_heap && !own->busy.is_unoccupied();
    if (was_left && take_back(own)) {
        g_instance.heaps.for_each([&](ThreadHeap* heap) {
            if (heap->borrower.load(memory_order_relaxed) == own && take_back(heap))
                HeapPool::release(heap);
        });
        return 0;
    }
    return attach_thread(true) ? 0 : kEnomem;
}

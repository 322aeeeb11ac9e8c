// SPDX-License-Identifier: MIT OR Apache-2.0
// Heaps that an operation has left for good, by a longjmp or by a fork that did not take its thread
// along, are made whole and taken back. In a file of its own, which only a program with visitors or
// with emma_thread_attach has linked.
#include "arch/system.h"
#include "core/error_number.h"
#include "core/include/emma.h"
#include "core/instance.h"

namespace emma {

// The bitmaps and descriptors of the slabs say all. Whatever the operation was in the middle of, a
// slab in use has its bitmap, its geometry and at least as many uncounted words as there are. What
// it had in its hands is lost: an object; or a slab, if it was claiming or retiring one; or, while
// it collected a slab's remote frees, those of one bitmap word, and then the slab is never retired.
void Heap::rebuild() {
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
bool enter_left_heap(HeapPool& heaps, Heap* own) {
    if (!own->visited.is_left_behind(heaps.visitors_mark(own->arenas->pages()))) return false;
    const Busy::Mark before = own->busy.occupy();
    if (before != Busy::Mark::kUnoccupied) {
        own->busy.put_back(before);
        return false;
    }
    own->rebuild();
    own->visited.clear();
    return true;
}

void note_push(HeapPool& heaps, const Heap* own) {
    constexpr std::uint32_t kPushesPerSearch = 64;
    if ((heaps.pushes_.fetch_add(1, memory_order_relaxed) + 1) % kPushesPerSearch != 0) return;
    Heap* const left = heaps.may_ask() ? heaps.take_left(Holder::operation(own)) : nullptr;
    if (left == nullptr) return;
    left->drain();
    HeapPool::release(left);
}

namespace {

// A heap in which an operation of this thread was at work that will never go on. False: a visitor
// may be at work in it.
bool take_back(Heap* heap) {
    // Occupied for good it has no visitor, unless that one is just finding so.
    if (!heap->enter() && heap->visited.is_set()) return false;
    heap->rebuild();
    heap->leave();
    return true;
}

}  // namespace
}  // namespace emma

using namespace emma;

// Not from a signal handler: no operation of the thread's is interrupted.
EMMA_PUBLIC int emma_thread_attach(void) noexcept {
    Heap* const own = current_heap();
    const bool was_left = own != &g_no_heap && !own->busy.is_unoccupied();
    if (was_left && take_back(own)) {
        g_instance.heaps.for_each([&](Heap* heap) {
            if (heap->ownership.holder() == Holder::operation(own) && take_back(heap))
                HeapPool::release(heap);
        });
        return 0;
    }
    return attach_thread(true) ? 0 : kEnomem;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// An instance: arenas, heaps and one page source, and the operations that the public interface is
// made of. Also the calling thread's heap, and how an operation gets a heap for itself.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/arena_pool.h"
#include "core/config.h"
#include "core/heap_pool.h"
#include "core/heap_slot.h"
#include "core/proof.h"

namespace emma {

enum class Contents : bool { kAny, kZeroed };

struct Instance {
    constexpr Instance() = default;
    explicit Instance(const PageSource& source) : arenas(source) {}

    ArenaPool arenas{};
    HeapPool heaps{};
    // Statistics, any thread, relaxed: they publish nothing.
    Atomic<std::size_t> adoptions;
    Atomic<std::size_t> borrows;

    // ---- any thread, also inside a signal handler that interrupted one of these

    // `alignment` is a power of two. Null: no memory, or `bytes` beyond kMaxRequestBytes.
    void* allocate(std::size_t bytes, std::size_t alignment, Contents contents);
    // Keeps the alignment. Null: no memory, the object is as before.
    void* resize(void* pointer, std::size_t alignment, std::size_t bytes);
    // Proves the pointer, panics where it is no live object; null is ignored.
    void release(void* pointer);
    // CHECKS builds: panics where `pointer` is no live object that these arguments can have
    // yielded; any `alignment`. `if_free` as in prove().
    void check_size(const void* pointer, std::size_t bytes, std::size_t alignment,
                    Misuse if_free) const;
    // Whether an object of `bytes` is kept in the slot of `held` bytes that it has: until half of
    // it would be idle. Never where `held` is 0. CHECKS builds know no size by heart, so they keep
    // it only if an object of that size is given such a slot.
    static bool stays_in_slot(std::size_t held, std::size_t bytes) {
        return bytes <= held && bytes >= held / 2 && held != 0;
    }
    // Of a live object, proved; 0 for null.
    std::size_t usable_bytes(const void* pointer) const;
    // Gives back what is free in every heap that can be reached, and everything else that is free;
    // the bytes that went back.
    std::size_t trim();
    // The same, but leaves the heaps of other threads alone and asks the system nothing.
    std::size_t trim_quietly();
    // Gives every page back, whatever is live. The instance is dead then.
    void unmap_all();
    // Runs work(heap) alone in every heap that can be had for it: the caller's own, those that
    // nobody holds, and, where they may be visited, those of threads that are not at work in them.
    template <typename Work>
    void for_each_reachable_heap(bool may_visit, Work work);
    // The same for one heap; nothing is run if it cannot be had.
    template <typename Work>
    void with_heap_alone(ThreadHeap* heap, bool may_visit, Work work);

  private:
    bool resize_in_place(const Place& place, std::size_t alignment, std::size_t bytes);
    bool stays_oversized(const Place& place, std::size_t bytes);
    void release_slot(const Place& place);
};

// The instance behind malloc and operator new.
extern constinit Instance g_instance;

// ---- PORT=bare: the instance behind malloc is two, see bare/pieces.h. These are nothing in other
// builds.

extern constinit Atomic<bool> g_has_pieces;  // any thread
void* allocate_in_pieces(std::size_t bytes, std::size_t alignment, Contents contents);
Instance& home_of_in_pieces(const void* pointer);
Instance* second_instance_in_pieces();

// The one of the two that the object is in, or was.
inline Instance& home_of(const void* pointer) {
    return kBare ? home_of_in_pieces(pointer) : g_instance;
}
// The other one, if there is one.
inline Instance* second_instance() { return kBare ? second_instance_in_pieces() : nullptr; }
// Whether an object's address may be taken for one in an arena of the default shape, whose header
// the fast paths read.
inline bool may_have_header(std::uintptr_t addr) {
    return !kBare || !g_has_pieces.load(memory_order_relaxed) ||
           g_instance.arenas.was_proved(arena_addr_of(addr));
}

// ---- the calling thread's heap in the default instance: current_heap()

// Gives the thread a heap; false: no memory.
bool attach_thread(bool abandon_occupied);
void detach_thread();

// Hosted builds, in core/hosted: asked before a thread gets a heap, so that its end can be arranged
// for. False once that end has come: whatever the thread still does, it borrows heaps.
bool thread_may_attach();

// In leaks.cpp: named by whatever allocates, so that builds with a report at exit have it linked.
void link_leak_report();

// Exclusive use of a heap for one operation: the thread's own, or a borrowed one where that is
// occupied by the operation which this one interrupted, or where threads have none.
class HeapLease {
  public:
    explicit HeapLease(Instance& instance);
    // This very heap, if it is the thread's own and unoccupied or can be borrowed.
    HeapLease(Instance& instance, ThreadHeap* wanted);
    ~HeapLease();
    HeapLease(const HeapLease&) = delete;
    HeapLease& operator=(const HeapLease&) = delete;

    explicit operator bool() const { return heap_ != nullptr; }
    ThreadHeap* operator->() const { return heap_; }

  private:
    bool enter_own(Instance& instance);
    bool enter_borrowed(Instance& instance, ThreadHeap* heap);

    ThreadHeap* heap_ = nullptr;
    OperationName name_;
};

template <typename Work>
void Instance::with_heap_alone(ThreadHeap* heap, bool may_visit, Work work) {
    const ThreadHeap* const own = current_heap();
    const bool is_own = heap == own;
    OperationName name;
    const Holder mine = name.holder();
    if (!is_own && !HeapPool::try_acquire(heap, mine) && !take_back(heap, mine)) {
        if (may_visit) (void)HeapPool::visit(heap, work, heaps.visitors_mark(arenas.pages()));
        return;
    }
    if (!is_own) heap->borrower.store(own, memory_order_relaxed);
    if (heap->enter()) {
        work(heap);
        heap->leave();
    }
    if (is_own) return;
    heap->borrower.store(nullptr, memory_order_relaxed);
    HeapPool::release(heap);
}

template <typename Work>
void Instance::for_each_reachable_heap(bool may_visit, Work work) {
    heaps.for_each([&](ThreadHeap* heap) { with_heap_alone(heap, may_visit, work); });
}

}  // namespace emma

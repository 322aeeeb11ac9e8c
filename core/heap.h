// SPDX-License-Identifier: MIT OR Apache-2.0
// A heap: the slabs of one thread at a time, with a bin for each size class. Its plain fields are
// touched only by whoever holds it (see heap_pool.h) and has entered it; other threads touch the
// inbox and the owner word. All-zero is a heap without slabs.
//
// Where a slab of the heap is:
//   current   one per bin: slots are taken from it
//   full      in no list; its countdown brings it back once a sixteenth of it is free. Earlier
//   would
//             send the bin back to slabs with a slot here and there.
//   listed    in the bin's queue: appended at the tail, taken from the head
// A listed slab that becomes empty is retired at once; its slices go back to the arena.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/arch.h"
#include "core/arena_pool.h"
#include "core/atomic.h"
#include "core/slab.h"

namespace emma {

// Who holds a heap: nobody, an operation that borrowed it, or a thread. any thread
class Ownership {
  public:
    static constexpr std::uint64_t kIdle = 0;
    static constexpr std::uint64_t kAnonymous = ~std::uint64_t{0};  // held, nobody says by whom

    // Acquire pairs with release(): the next holder sees all that the last one did.
    bool try_claim(std::uint64_t holder) { return try_take_over(kIdle, holder); }
    // From a holder that will never come back.
    bool try_take_over(std::uint64_t from, std::uint64_t holder) {
        return word_.load(memory_order_relaxed) == from &&
               word_.compare_exchange(from, holder, memory_order_acquire, memory_order_relaxed);
    }
    void release() { word_.store(kIdle, memory_order_release); }
    std::uint64_t holder() const { return word_.load(memory_order_relaxed); }

  private:
    Atomic<std::uint64_t> word_;
};

// Whether an operation of the holder is at work in the heap: a second one can only be a signal
// handler's that interrupted it, and must leave the heap alone. A handler that comes between the
// look and the mark in enter() finds the heap free and is done with it before the mark is made. Two
// plain stores: incrementing in memory and decrementing again would make each operation wait for
// the one before. A heap of zero bytes is occupied, and stays so: the stand-in of threads without a
// heap needs no test of its own.
class Busy {
  public:
    // Relaxed: for the thread's own handlers program order is enough, and a visitor makes all
    // threads pass a barrier before it looks.
    bool enter() {
        if (mark_.load(memory_order_relaxed) == kOccupied) [[unlikely]]
            return false;
        mark_.store(kOccupied, memory_order_relaxed);
        signal_fence();
        return true;
    }
    // Release pairs with is_unoccupied_remote().
    void exit() { mark_.store(kUnoccupied, memory_order_release); }
    bool is_unoccupied() const { return mark_.load(memory_order_relaxed) == kUnoccupied; }
    // For a visitor. Acquire: what the holder's last operation did is visible with its exit.
    bool is_unoccupied_remote() const { return mark_.load(memory_order_acquire) == kUnoccupied; }

  private:
    static constexpr std::uint8_t kOccupied = 0;
    static constexpr std::uint8_t kUnoccupied = 1;
    Atomic<std::uint8_t> mark_;
};

// Whether another thread is at work in the heap while its holder is not: see HeapPool::visit(). The
// holder writes Busy, then reads this; a visitor writes this, makes all threads pass a barrier,
// then reads Busy. So at least one of the two sees the other and leaves.
class Visited {
  public:
    bool is_set() const { return flag_.load(memory_order_acquire) != 0; }
    bool try_set() {
        std::uint8_t expected = 0;
        return flag_.compare_exchange(expected, 1, memory_order_seq_cst, memory_order_relaxed);
    }
    void clear() { flag_.store(0, memory_order_release); }

  private:
    Atomic<std::uint8_t> flag_;
};

// What the fast path needs: the bitmap word that slots are taken from, as an offset from the heap
// so that 0 means the heap's own word without free slots.
struct Bin {
    std::uintptr_t word_offset;
    std::uintptr_t word_base;  // address of the slot of the word's bit 0
    std::uint32_t slot_bytes;
};

struct BinSlabs {
    Slab* current;
    Slab* first;  // of the queue of listed slabs
    Slab* last;
};

struct alignas(arch::kCacheLineBytes) Heap {
    // ---- holder
    std::uint64_t no_free_slots;  // always 0; first, see Bin
    Busy busy;
    Visited visited;                   // any thread; here because every operation looks at it
    Atomic<bool> was_held;             // by a thread, ever; relaxed
    Atomic<std::size_t> remote_frees;  // collected so far; the holder writes, others may look
    ArenaPool* arenas;
    Bin bins[kSizeClassCount];
    BinSlabs slabs[kSizeClassCount];

    // ---- any thread
    alignas(arch::kCacheLineBytes) Ownership ownership;
    Atomic<Slab*> inbox;  // slabs with remote frees, each at most once
    Heap* older;          // const after publish: the next heap of the instance

    // The holder's right to touch the heap until leave(). False: it is occupied, by what this
    // operation interrupted or by a visitor.
    bool enter() {
        if (!busy.enter()) return false;
        if (visited.is_set()) [[unlikely]] {
            busy.exit();
            return false;
        }
        return true;
    }
    void leave() { busy.exit(); }

    // ---- the holder's operations, between enter() and leave(); or a visitor's

    // A slot of the class from the bin's current word; null: allocate() must look further.
    void* take(SizeClass size_class);
    // A slot of the class; null: no memory. `*untouched` (may be null): the slot reads as zero.
    // Where no slab can be had any more, any slot of at least this class that the heap still has.
    void* allocate(SizeClass size_class, bool* untouched);
    // Frees a slot of one of this heap's slabs, proved to be one; panics where it is free already.
    void put(Slab* slab, SlotIndex slot, const void* pointer);
    // A free of this heap's has brought the slab's countdown to zero.
    void attend(Slab* slab);
    // Takes in what other threads have freed.
    void drain_inbox();
    // Retires every slab without a live object, current ones too.
    void trim();

    // ---- any thread: frees a slot of a slab of this heap
    void put_remote(Slab* slab, SlotIndex slot, const void* pointer);

  private:
    bool refill(SizeClass size_class, bool may_add_slab);
    void* allocate_with(SizeClass size_class, bool* untouched, bool may_add_slab);
    [[gnu::cold]] void* allocate_scraping(SizeClass size_class, bool* untouched);
    [[gnu::cold]] void list_all_with_room();
    bool next_word(SizeClass size_class);
    void use_word(SizeClass size_class, unsigned word_index);
    void leave_full(Slab* slab);
    void settle(Slab* slab, unsigned due);
    void collect(Slab* slab);
    bool take_listed(SizeClass size_class);
    [[gnu::cold]] bool add_slab(SizeClass size_class);
    [[gnu::cold]] void set_up(const SliceRange& range, SizeClass size_class);
    void append(Slab* slab);
    void unlink(Slab* slab);
    [[gnu::cold]] void retire(Slab* slab);
    friend struct HeapInspector;  // tests
};
static_assert(offsetof(Heap, no_free_slots) == 0);

// The bin's words are reached through integers: a bitmap word in an arena, or the heap's own.
inline BitmapWord& word_of(Heap* heap, const Bin& bin) {
    return *reinterpret_cast<BitmapWord*>(reinterpret_cast<std::uintptr_t>(heap) + bin.word_offset);
}

inline void* Heap::take(SizeClass size_class) {
    const Bin& bin = bins[raw(size_class)];
    BitmapWord& word = word_of(this, bin);
    const std::uint64_t free = word.load(memory_order_relaxed);
    if (free == 0) [[unlikely]]
        return nullptr;
    word.store(free & (free - 1), memory_order_relaxed);
    return reinterpret_cast<void*>(bin.word_base +
                                   lowest_bit(free) * std::uint64_t{bin.slot_bytes});
}

// What a free by the holder found. kAttend: the caller must call Heap::attend(). kWasFree: the slot
// is free already, and nothing was changed.
enum class PutResult : std::uint8_t { kDone, kAttend, kWasFree };

inline PutResult put_local(Slab* slab, SlotIndex slot) {
    const unsigned word_index = word_index_of(slot);
    BitmapWord& word = slab->free_words[word_index];
    const std::uint64_t old = word.load(memory_order_relaxed);
    const std::uint64_t bit = bit_of(slot);
    if ((old & bit) != 0) [[unlikely]]
        return PutResult::kWasFree;
    word.store(old | bit, memory_order_relaxed);
    slab->summary |= std::uint64_t{1} << word_index;
    return --slab->countdown == 0 ? PutResult::kAttend : PutResult::kDone;
}

}  // namespace emma

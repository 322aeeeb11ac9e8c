// SPDX-License-Identifier: MIT OR Apache-2.0
// A heap: the slabs of one thread at a time, with a bin for each size class. Its plain fields are
// touched only by whoever holds it (see heap_pool.h) and has entered it; other threads touch the
// inbox and the owner word. All-zero is a heap without slabs.
//
// Where a slab of the heap is:
//   current   one per bin: slots are taken from it
//   full      in no list; its countdown brings it back once a sixteenth of it is free. Any
//             earlier, and the bin would go back to slabs with a slot here and there.
//   listed    in the bin's queue: appended at the tail, taken from the head
// A listed slab that becomes empty is retired at once; its slices go back to the arena.
//
// Shortage: a slab was wanted and none could be had. The heap then looks through all arenas once:
// it lists each full slab with a free slot, and from now on lists a full slab at its first free. So
// the next allocations find every free slot of the heap without a search. The shortage ends after
// as many new slabs as there were arenas: the next search costs each of them one arena.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/arch.h"
#include "core/arena_pool.h"
#include "core/atomic.h"
#include "core/holder.h"
#include "core/slab.h"

namespace emma {

// Who holds a heap. any thread
class Ownership {
  public:
    // Acquire pairs with release(): the next holder sees all that the last one did.
    bool try_claim(Holder holder) { return try_take_over(Holder::nobody(), holder); }
    // From a holder that will never come back.
    bool try_take_over(Holder from, Holder holder) {
        std::uint64_t expected = from.bits();
        return word_.load(memory_order_relaxed) == expected &&
               word_.compare_exchange(expected, holder.bits(), memory_order_acquire,
                                      memory_order_relaxed);
    }
    void release() { word_.store(Holder::nobody().bits(), memory_order_release); }
    Holder holder() const { return Holder::from_bits(word_.load(memory_order_relaxed)); }
    // The holder says anew who it is. Relaxed: HeapPool::settle() publishes it.
    void rename(Holder holder) { word_.store(holder.bits(), memory_order_relaxed); }

  private:
    Atomic<std::uint64_t> word_;
};

// Whether an operation of the holder is at work in the heap: a second one can only be a signal
// handler's that interrupted it, and must leave the heap alone. The mark is set before it is known
// whether it may be, and put back as it was where not: a handler that comes between the look and
// the mark finds the heap free and is done with it before the mark is made. Plain loads and stores:
// incrementing in memory and decrementing again would make each operation wait for the one before.
// A heap of zero bytes is occupied, and stays so: the stand-in of threads without a heap needs no
// test of its own.
class Busy {
  public:
    enum class Mark : std::uint8_t { kOccupied = 0, kUnoccupied = 1 };

    // The mark before. Relaxed: for the thread's own handlers program order is enough, and a
    // visitor makes all threads pass a barrier before it looks.
    Mark occupy() {
        const Mark before = mark_.load(memory_order_relaxed);
        mark_.store(Mark::kOccupied, memory_order_relaxed);
        signal_fence();
        return before;
    }
    // Release pairs with mark_remote().
    void put_back(Mark before) { mark_.store(before, memory_order_release); }
    void exit() { put_back(Mark::kUnoccupied); }
    bool is_unoccupied() const { return mark_.load(memory_order_relaxed) == Mark::kUnoccupied; }
    // For a visitor. Acquire: what the holder's last operation did is visible with its exit.
    Mark mark_remote() const { return mark_.load(memory_order_acquire); }
    bool is_unoccupied_remote() const { return mark_remote() == Mark::kUnoccupied; }

  private:
    Atomic<Mark> mark_;
};

// Whether another thread is at work in the heap while its holder is not: see HeapPool::visit(). The
// holder writes Busy, then reads this; a visitor writes this, makes all threads pass a barrier,
// then reads Busy. So at least one of the two sees the other and leaves.
class Visited {
  public:
    bool is_set() const { return flag_.load(memory_order_acquire) != 0; }
    // Whether the heap may be entered that had this mark: it was unoccupied and has no visitor, in
    // one comparison. Acquire pairs with clear().
    bool admits(Busy::Mark before) const {
        return flag_.is_below(static_cast<std::uint8_t>(before));
    }
    // Visitors have the mark of their process, which a child of a fork does not have; kAnyProcess:
    // it is not known. See Generations.
    static constexpr std::uint8_t kAnyProcess = 255;
    bool try_set(std::uint8_t mark = kAnyProcess) {
        std::uint8_t expected = 0;
        return flag_.compare_exchange(expected, mark, memory_order_seq_cst, memory_order_relaxed);
    }
    // Whether a fork has left the visitor behind. `mark`: of this process. Relaxed: that visitor
    // changes nothing any more.
    bool is_left_behind(std::uint8_t mark) const {
        const std::uint8_t found = flag_.load(memory_order_relaxed);
        return found != 0 && found != mark && found != kAnyProcess && mark != kAnyProcess;
    }
    void clear() { flag_.store(0, memory_order_release); }

  private:
    Atomic<std::uint8_t> flag_;
};

// What the fast path needs of each bin: the bitmap word that slots are taken from, as an offset
// from the heap so that 0 means the heap's own word without free slots. Rows of one field, which
// one instruction indexes; an array of bins takes two more to find the bin.
struct BinWords {
    std::uintptr_t word_offset[kSizeClassCount];
    std::uintptr_t word_base[kSizeClassCount];  // address of the slot of the word's bit 0
    std::uint64_t slot_bytes[kSizeClassCount];
};

struct BinSlabs {
    Slab* current;
    Slab* first;  // of the queue of listed slabs
    Slab* last;
};

// Not Heap, which is the class of <emma.hpp>: a program may include both.
struct alignas(arch::kCacheLineBytes) ThreadHeap {
    // ---- holder
    std::uint64_t no_free_slots;  // always 0; first, see BinWords
    Busy busy;
    Visited visited;                   // any thread; here because every operation looks at it
    Atomic<bool> was_held;             // by a thread, ever; relaxed
    std::uint8_t last_page_class;      // see note_free()
    std::uint32_t shortage;            // 0: there is none; else new slabs until it ends
    Atomic<std::size_t> remote_frees;  // collected so far; the holder writes, others may look
    ArenaPool* arenas;
    // The last search for slices that found none, see add_slab(); 0: there was none.
    std::uint64_t failed_search;
    Slab* draining;  // taken out of the inbox, and to be collected
    // How often the holder has pushed a slab into another heap's inbox; threads without a heap
    // count in g_no_heap. Relaxed: it publishes nothing.
    Atomic<std::uint32_t> pushes;

    // ---- any thread
    alignas(arch::kCacheLineBytes) Ownership ownership;
    Atomic<Slab*> inbox;  // slabs with remote frees, each at most once
    ThreadHeap* older;    // const after publish: the next heap of the instance
    // The own heap of the thread whose operation is at work in this one; null otherwise. Relaxed:
    // it publishes nothing.
    Atomic<const ThreadHeap*> borrower;
    // About how many slices the slabs in the inbox have. Relaxed: it publishes nothing.
    Atomic<std::uint32_t> inbox_slices;

    // ---- holder
    alignas(arch::kCacheLineBytes) BinWords bins;
    BinSlabs slabs[kSizeClassCount];

    // The holder's right to touch the heap until leave(). False: it is occupied, by what this
    // operation interrupted or by a visitor.
    bool enter() {
        const Busy::Mark before = busy.occupy();
        if (visited.admits(before)) [[likely]]
            return true;
        busy.put_back(before);
        return false;
    }
    void leave() { busy.exit(); }
    // Whether neither the holder is at work in it nor a visitor. Any thread.
    bool is_open() const { return visited.admits(busy.mark_remote()); }

    // ---- the holder's operations, between enter() and leave(); or a visitor's

    // A slot of the class from the bin's current word; null: allocate() must look further.
    void* take(SizeClass size_class);
    // A slot of the class, whose slots have the alignment; null: no memory. `*untouched` (may be
    // null): the slot reads as zero. If no slab can be had any more: any slot of at least this
    // class that the heap still has and that has the alignment.
    void* allocate(SizeClass size_class, bool* untouched, std::size_t alignment = kMinAlignment);
    // Frees a slot of one of this heap's slabs, proved to be one; panics where it is free already.
    void put(Slab* slab, SlotIndex slot);
    // A free of this heap's has brought the slab's countdown to zero.
    void attend(Slab* slab);
    // Takes in what other threads have freed.
    void drain_inbox();
    // Whether the slabs in the inbox have 4 MiB, so that it is drained even if the heap needs no
    // slot. Not sooner: the next freer of a drained slab has to push it again.
    bool is_inbox_long() const { return inbox_slices.load(memory_order_relaxed) >= 64; }
    // The same for a holder that has not entered the heap; nothing if it cannot be entered.
    void drain();
    // After an operation that will never go on: makes bins and queues anew from what the slabs say.
    // At most the one object and the one slab are lost that the operation had in its hands.
    void rebuild();
    // Retires every slab without a live object, current ones too.
    void trim();
    // Gives back the pages that no live object reaches into, of slabs of which enough is free to be
    // listed.
    void purge_between_objects();

    // ---- any thread: frees a slot of a slab of this heap
    // True: the inbox has a slab more, and note_push_if_linked() is to be called.
    bool put_remote(Slab* slab, SlotIndex slot);

  private:
    bool refill(SizeClass size_class);
    void* allocate_with(SizeClass size_class, bool* untouched);
    [[gnu::cold]] void* allocate_scraping(SizeClass size_class, bool* untouched,
                                          std::size_t alignment);
    [[gnu::cold]] void note_shortage();
    bool next_word(Slab* slab);
    bool new_word(Slab* slab);
    bool use_word(Slab* slab, unsigned index);
    void note_free(SizeClass size_class);
    void settle(Slab* slab, unsigned due);
    void collect(Slab* slab, std::uint64_t left);
    [[gnu::cold]] bool add_slab(SizeClass size_class, Arena* near);
    void set_up(const SliceRange& range, SizeClass size_class, std::size_t slot_bytes);
    void append(Slab* slab);
    void unlink(Slab* slab);
    [[gnu::cold]] void retire(Slab* slab);
    friend struct HeapInspector;  // tests
};
static_assert(offsetof(ThreadHeap, no_free_slots) == 0);

// The bin's words are reached through integers: a bitmap word in an arena, or the heap's own.
inline BitmapWord& word_of(ThreadHeap* heap, std::uintptr_t offset) {
    return *reinterpret_cast<BitmapWord*>(reinterpret_cast<std::uintptr_t>(heap) + offset);
}

inline void* ThreadHeap::take(SizeClass size_class) {
    std::uint64_t bin = raw(size_class);
    std::uintptr_t offset = bins.word_offset[bin];
    const std::uint64_t free = word_of(this, offset).load(memory_order_relaxed);
    if (free == 0) [[unlikely]]
        return nullptr;
    arch::address_anew(offset);
    word_of(this, offset).store(free & (free - 1), memory_order_relaxed);
    arch::address_anew(bin);
    const std::uintptr_t distance = arch::lowest_bit(free) * bins.slot_bytes[bin];
    arch::address_anew(bin);
    auto* const slot = reinterpret_cast<void*>(bins.word_base[bin] + distance);
    if (slot == nullptr) __builtin_unreachable();  // the caller's look at it is not compiled
    return slot;
}

// What a free by the holder found. kAttend: the caller must call ThreadHeap::attend(). kWasFree:
// the slot is free already, and nothing was changed.
enum class PutResult : std::uint8_t { kDone, kAttend, kWasFree };

inline PutResult put_local(Slab* slab, SlotIndex slot) {
    BitmapWord& word = slab->free_words[word_index_of(slot)];
    std::uint64_t bits = word.load(memory_order_relaxed);
    if (arch::set_bit(bits, raw(slot))) [[unlikely]]
        return PutResult::kWasFree;
    word.store(bits, memory_order_relaxed);
    return --slab->countdown == 0 ? PutResult::kAttend : PutResult::kDone;
}

}  // namespace emma

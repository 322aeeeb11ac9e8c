// SPDX-License-Identifier: MIT OR Apache-2.0
// A slab's descriptor: one cache line in the arena's header for every slice, and beside it the
// bitmap that other threads write. Nothing of it lies in the slab itself.
//
// The first slice's descriptor is the slab's head; the other slices of a medium slab or a run are
// continuations that say how far back their head is.
//
// Counting, for a slab that is not the bin's current one (no slot is taken from it then):
//   due  = live + uncounted         what must still come before the slab is quiet
//   due == countdown + held_back
//   live = slot_count - free bits   in the owner's bitmap
//   uncounted = words collected from the remote bitmap whose count has not been taken yet: it is
//               still to come, or was left because the slab stays in the inbox
// Of the remote freers who set bits in one word, the first counts the word, after its bit. Its last
// access to the slab is that (or the inbox push that follows), the others' is the bit. So due == 0
// means: every slot free, and nobody on the way. That is what makes retiring safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/arch.h"
#include "core/atomic.h"
#include "core/check.h"
#include "core/layout.h"
#include "core/size_class.h"
#include "core/slot_bitmap.h"

namespace emma {

struct ThreadHeap;
struct Slab;

// What a slice is used for. A released slice keeps its description until it is claimed again, so
// that a second free of what was there can be named.
enum class SliceUse : std::uint8_t {
    kNone = 0,      // never claimed
    kSlab,          // head of a slab
    kRun,           // head of a run
    kContinuation,  // a further slice of either
    // With 4 more what was there and is gone.
    kRetiredSlab = 4 + kSlab,
    kReleasedRun = 4 + kRun,
};
constexpr bool is_gone(SliceUse use) { return (static_cast<unsigned>(use) & 4) != 0; }
// What is there or was.
constexpr SliceUse kind_of(SliceUse use) { return SliceUse(static_cast<unsigned>(use) & 3); }

// Where the owner keeps a slab. owner only.
enum class SlabState : std::uint8_t {
    kCurrent = 0,  // the bin takes slots from it
    kFull,         // in no list, until enough of it is free
    kListed,       // in the bin's list of slabs with free slots
};

// Which heap a slab belongs to, and how many words of its remote bitmap the owner has yet to take
// in. In one word, so that the owner's fast path learns from one comparison with its heap's address
// that the slab is its own, is small, and that the bitmap knows of every free:
//
//   | remote words (16 bits) | heap address (48 bits, sign-extended) | bit 0: a medium slab |
//
// The count is added to the address's upper bits. 0 is a slice without a slab and equals no heap.
class Owner {
  public:
    // Relaxed, here and in heap(): who looks for a heap's slabs may meet others' come and go.
    void set(ThreadHeap* heap, bool is_small) {
        bits_.store(reinterpret_cast<std::uintptr_t>(heap) | (is_small ? 0 : kMedium),
                    memory_order_relaxed);
    }
    void clear() { bits_.store(0, memory_order_relaxed); }

    // Of a live object's slab.
    bool is_fast_for(const ThreadHeap* heap) const {
        return bits_.equals(reinterpret_cast<std::uintptr_t>(heap));
    }
    ThreadHeap* heap() const {
        return reinterpret_cast<ThreadHeap*>(tag_of(bits_.load(memory_order_relaxed)) & ~kMedium);
    }
    // Of the heap's own slab, here and below, which saves taking the word apart. At most the words
    // of a bitmap, or as many more as have been collected uncounted.
    unsigned remote_words(const ThreadHeap* heap, std::memory_order order) const {
        return count_of(bits_.load(order), heap);
    }
    // Counts one more; whether there was none.
    bool add_remote_word(const ThreadHeap* heap, std::memory_order order) {
        return count_of(bits_.fetch_add(kOneWord, order), heap) == 0;
    }
    // The owner: lowers the count to `left`, which is at most what it is, and returns by how much.
    unsigned take_remote_words(const ThreadHeap* heap, std::uint64_t left,
                               std::memory_order order) {
        const std::uint64_t tag = tag_of(bits_.load(memory_order_relaxed));
        return count_of(bits_.exchange(tag + left * kOneWord, order), heap) -
               static_cast<unsigned>(left);
    }

    // How a word is read.
    static constexpr std::uint64_t tag_of(std::uint64_t bits) {
        constexpr unsigned kAbove = 64 - kCountShift;
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(bits << kAbove) >> kAbove);
    }
    static unsigned count_of(std::uint64_t bits, const ThreadHeap* heap) {
        return static_cast<unsigned>((bits - reinterpret_cast<std::uintptr_t>(heap)) >>
                                     kCountShift);
    }

  private:
    static constexpr std::uint64_t kMedium = 1;
    static constexpr unsigned kCountShift = 48;
    static constexpr std::uint64_t kOneWord = std::uint64_t{1} << kCountShift;

    Atomic<std::uint64_t> bits_;
};
static_assert(Owner::tag_of(0x0003'7fff'0000'0041) == 0x7fff'0000'0041 &&
              Owner::tag_of(0x0001'8000'0000'0041) == 0xffff'8000'0000'0041);

struct alignas(arch::kCacheLineBytes) Slab {
    // The heap: set by the claimant before any slot is handed out, constant until the slices are
    // released. The remote words: any thread. On this line although others write it: a remote freer
    // has just read it, and the owner's free must look here to be exact (an object freed by another
    // thread and then by the owner).
    Owner owner;
    BitmapWord* free_words;  // const like the heap; the owner writes the words: 1 = free
    // owner
    Slab* list_next;
    Slab* list_prev;
    // const again
    std::uint64_t reciprocal;  // of the slot size, see reciprocal_for(); 64 bits wide for imul
    std::uint32_t last_rest;   // of the last slot, see rest_for()
    // owner
    std::uint32_t countdown;  // frees until the slab needs attention
    // const
    std::uint16_t slot_count;
    std::uint16_t held_back;  // owner: due - countdown
    std::uint16_t uncounted;  // owner
    SizeClass size_class;
    Atomic<SliceUse> use;  // for a run, any thread: who turns kRun into kReleasedRun has freed it
    SlabState state;       // owner
    // Of the whole slab or run; in a continuation: slices back to the head.
    std::uint8_t slice_count;
    // owner: of the bitmap, from its start; slots of the words behind them were never handed out
    std::uint8_t used_words;
    std::uint8_t last_word;  // owner: that slots were taken from

    bool is_small_class() const { return is_small(size_class); }
    std::size_t slot_bytes() const { return geometry(size_class).slot_bytes; }

    // Slots of a medium slab that were never handed out since the system gave their pages, so that
    // calloc need not write them. A medium bitmap has one word; this is the one behind it. owner
    BitmapWord& untouched() const { return free_words[1]; }
};
static_assert(sizeof(Slab) == arch::kCacheLineBytes);
static_assert(kMediumMaxSlots <= 64, "untouched() is the second word");

// The slot that starts at `offset` bytes into a slab; false where none does.
inline bool find_slot_at(const Slab& slab, std::size_t offset, SlotIndex& slot) {
    const unsigned unit_shift = slab.is_small_class() ? 0 : kMediumUnitShift;
    const std::size_t units = offset >> unit_shift;
    const std::uint64_t product = units * slab.reciprocal;
    slot = SlotIndex(static_cast<std::uint32_t>(product >> 32));
    return units << unit_shift == offset && static_cast<std::uint32_t>(product) <= slab.last_rest;
}
// The same for a small slab, of which is known: one slice, offsets in bytes.
inline bool find_small_slot(const Slab& slab, std::uintptr_t addr, SlotIndex& slot) {
    const std::uint64_t product = (addr & kSliceMask) * slab.reciprocal;
    slot = SlotIndex(static_cast<std::uint32_t>(product >> 32));
    return static_cast<std::uint32_t>(product) <= slab.last_rest;
}
// As find_slot_at(); no_slot() where none does.
constexpr SlotIndex no_slot() { return SlotIndex(~0u); }
inline SlotIndex slot_starting_at(const Slab& slab, std::size_t offset) {
    SlotIndex slot;
    return find_slot_at(slab, offset, slot) ? slot : no_slot();
}

}  // namespace emma

// SPDX-License-Identifier: MIT OR Apache-2.0
// A slab's descriptor: one cache line in the arena's header for every slice, and beside it the
// bitmap that other threads write. Nothing of it lies in the slab itself.
//
// The first slice's descriptor is the slab's head; the other slices of a medium slab or a run are
// continuations that say how far back their head is.
//
// Counting, for a slab that is not the bin's current one (no slot is taken from it then):
//   due  = live + uncounted         frees that must still be counted before the slab is quiet
//   due == countdown + held_back
//   live = slot_count - free bits   in the owner's bitmap
//   uncounted = remote bits collected whose freer has not been counted yet
// A remote freer's last access to the slab is the count it adds (or the inbox push that follows),
// so due == 0 means: every slot free, and nobody on the way. That is what makes retiring safe.
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

struct Heap;
struct Slab;

// What a slice is used for. A released slice keeps its description until it is claimed again, so
// that a second free of what was there can be named.
enum class SliceUse : std::uint8_t {
    kNone = 0,      // never claimed
    kSlab,          // head of a slab
    kRun,           // head of a run
    kContinuation,  // a further slice of either
    kRetiredSlab,
    kReleasedRun,
};

// Where the owner keeps a slab. owner only.
enum class SlabState : std::uint8_t {
    kCurrent = 0,  // the bin takes slots from it
    kFull,         // in no list, until enough of it is free
    kListed,       // in the bin's list of slabs with free slots
};

// Which heap a slab belongs to, and whether the owner's fast path may free into it. A small slab's
// tag is its heap's address; a medium slab's has bit 0 set, which no heap's address has; 0 is a
// slice without a slab and equals no heap either.
class OwnerTag {
  public:
    constexpr OwnerTag() = default;
    OwnerTag(Heap* heap, bool is_small)
        : bits_(reinterpret_cast<std::uintptr_t>(heap) | (is_small ? 0u : 1u)) {}
    OwnerTag(const OwnerTag&) = default;
    // Relaxed, here and in heap(): who looks for a heap's slabs may meet others' come and go.
    OwnerTag& operator=(const OwnerTag& other) {
        __atomic_store_n(&bits_, other.bits_, __ATOMIC_RELAXED);
        return *this;
    }
    // Of a live object's slab.
    bool is_fast_for(const Heap* heap) const {
        return bits_ == reinterpret_cast<std::uintptr_t>(heap);
    }
    Heap* heap() const {
        const std::uintptr_t bits = __atomic_load_n(&bits_, __ATOMIC_RELAXED);
        return reinterpret_cast<Heap*>(bits & ~std::uintptr_t{1});
    }

  private:
    std::uintptr_t bits_ = 0;
};

struct alignas(arch::kCacheLineBytes) Slab {
    // Set by the claimant before any slot is handed out, constant until the slices are released.
    OwnerTag owner;
    BitmapWord* free_words;  // owner writes: 1 = free
    // owner
    std::uint64_t summary;  // bit w set where free_words[w] may have a free slot
    Slab* list_next;
    Slab* list_prev;
    std::uint32_t countdown;  // frees until the slab needs attention
    // const again
    std::uint32_t reciprocal;  // of the slot size, see reciprocal_for()
    // any thread: remote frees not yet taken by the owner. On this line although others write it: a
    // remote freer has just read the line, and the owner's free must look here to be exact (an
    // object freed by another thread and then by the owner).
    Atomic<std::uint32_t> freed_count;
    std::uint16_t slot_count;
    std::uint16_t held_back;  // owner: due - countdown
    std::uint16_t uncounted;  // owner
    SizeClass size_class;
    Atomic<SliceUse> use;  // for a run, any thread: who turns kRun into kReleasedRun has freed it
    SlabState state;       // owner
    // Of the whole slab or run; in a continuation: slices back to the head.
    std::uint8_t slice_count;
    std::uint8_t slice;  // of a head: its index in the arena

    bool is_small_class() const { return is_small(size_class); }
    std::size_t slot_bytes() const { return geometry(size_class).slot_bytes; }

    // Slots of a medium slab that were never handed out since the system gave their pages, so that
    // calloc need not write them. A medium bitmap has one word; this is the one behind it. owner
    BitmapWord& untouched() const { return free_words[1]; }
};
static_assert(sizeof(Slab) == arch::kCacheLineBytes);
static_assert(kMediumMaxSlots <= 64, "untouched() is the second word");

// The slot that starts at `offset` bytes into a slab, or no_slot() where none does. Exactness: the
// product's low half is below the reciprocal exactly for multiples of the slot size.
constexpr SlotIndex no_slot() { return SlotIndex(~0u); }

inline SlotIndex slot_starting_at(const Slab& slab, std::size_t offset) {
    const unsigned unit_shift = slab.is_small_class() ? 0 : kMediumUnitShift;
    const std::uint64_t product = std::uint64_t{offset >> unit_shift} * slab.reciprocal;
    const auto index = static_cast<std::uint32_t>(product >> 32);
    const bool on_a_unit = (offset & ((std::size_t{1} << unit_shift) - 1)) == 0;
    const bool on_a_slot = static_cast<std::uint32_t>(product) < slab.reciprocal;
    return on_a_unit && on_a_slot && index < slab.slot_count ? SlotIndex(index) : no_slot();
}

}  // namespace emma

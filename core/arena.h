// SPDX-License-Identifier: MIT OR Apache-2.0
// An arena: 64 slices, the first of which (or first few) hold the header with every descriptor and
// bitmap. With the offsets of the default shape:
//
//   0      ArenaHead (in the place of slice 0's descriptor), then the descriptors of slices 1..63
//   4096   free bitmaps of slices 1..63, 56 words each       owner of the slab writes
//   32320  inbox links of slices 0..63                       any thread writes
//   32832  remote bitmaps of slices 1..63                    any thread writes
//   61056  end
//   61440  over the system's pages a page that is not mapped
//
// Slices are claimed and released by compare-and-swap on one word. An arena starts with a few
// mapped slices and grows in place, so its address range beyond `mark` may be foreign.
// Any thread may call anything here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/atomic.h"
#include "core/layout.h"
#include "core/pages.h"
#include "core/slab.h"

namespace emma {

struct Arena;

struct alignas(arch::kCacheLineBytes) ArenaHead {
    Atomic<std::uint64_t> free_slices;     // any thread: 1 = mapped and unclaimed
    Atomic<std::uint64_t> present_slices;  // any thread: 1 = mapped
    Atomic<std::uint64_t> clean_slices;    // claimant of the bit: 1 = zero, and not resident
    Atomic<std::uint64_t> purged_slices;   // claimant of the bit: 1 = clean by a purge
    Atomic<std::uint64_t> idle_slices;     // any thread: 1 = was dirty when last looked at; a hint
    Atomic<std::uint32_t> mark;            // any thread: how far the window is mapped or being so
    std::uint32_t place;                   // in the ArenaList; const after publish
    const Shape* shape;                    // const after publish
    Atomic<std::uint64_t> gap_slices;      // any thread: 1 = before the mark, never to be mapped
};
static_assert(sizeof(ArenaHead) == sizeof(Slab));

// Values of `mark` beyond a count of slices: the arena grows no more.
inline constexpr std::uint32_t kStaysShort =
    kSlicesPerArena + 1;                                       // the rest of its window is taken
inline constexpr std::uint32_t kClosed = kSlicesPerArena + 2;  // it is about to be unmapped

// A claimed range of slices.
struct SliceRange {
    SliceRange() = default;
    SliceRange(Arena* of, unsigned first_slice, unsigned slice_count)
        : arena(of),
          first(static_cast<std::uint16_t>(first_slice)),
          count(static_cast<std::uint16_t>(slice_count)) {}

    Arena* arena = nullptr;
    std::uint16_t first = 0;
    std::uint16_t count = 0;
    bool clean = false;       // every byte of it is zero
    bool was_purged = false;  // some of it had been purged
    std::uint16_t rest = 0;   // unused: gcc copies a struct with padding field by field
    bool ok() const { return arena != nullptr; }
};
static_assert(sizeof(SliceRange) <= 16, "it is returned in registers (psABI 3.2.3)");

// The bits of slices [first, first + count).
constexpr std::uint64_t range_bits(unsigned first, unsigned count) {
    return low_bits(count) << first;
}

struct Arena {
    ArenaHead head;
    Slab slabs_[kSlicesPerArena - 1];

    const Shape& shape() const { return *head.shape; }
    Slab& slab(unsigned slice) { return slabs_[std::size_t{slice} - 1]; }
    std::uintptr_t addr() const { return reinterpret_cast<std::uintptr_t>(this); }
    std::uintptr_t slice_addr(unsigned slice) const {
        return addr() + (std::uintptr_t{slice} << shape().slice_shift);
    }
    unsigned slice_at(std::uintptr_t inside) const {
        return static_cast<unsigned>((inside - addr()) >> shape().slice_shift);
    }
    // The slices behind the header.
    unsigned first_slice() const { return shape().header_slices; }
    std::uint64_t all_slices() const { return ~std::uint64_t{0} << first_slice(); }

    // ---- the bitmaps behind the descriptors
    // 1 = free
    BitmapWord* free_words(unsigned slice) { return words() + (slice - 1) * shape().bitmap_words; }
    // A word for each slice, see inbox_next_of().
    Slab** inbox_links() {
        return reinterpret_cast<Slab**>(words() + (kSlicesPerArena - 1) * shape().bitmap_words);
    }
    // `count` adjacent free slices, the first at a multiple of `alignment_slices` (a power of two),
    // the lowest such. Not ok() where there are none.
    SliceRange claim(unsigned count, unsigned alignment_slices);
    // Claims exactly the slices [first, first + count); false where one of them is taken.
    bool claim_exactly(unsigned first, unsigned count);
    // The caller owns the range and nobody looks at its descriptors any more. `clean` as claimed.
    void release(unsigned first, unsigned count);
    // Maps more of the window, at least `count` slices if it can; the bytes newly mapped, or 0.
    std::size_t grow(Pages& pages, unsigned count);
    bool can_grow() const { return head.mark.load(memory_order_relaxed) < kSlicesPerArena; }

    // Free slices that are resident as far as known.
    std::uint64_t dirty_slices() const {
        return head.free_slices.load(memory_order_relaxed) &
               ~head.clean_slices.load(memory_order_relaxed);
    }
    // Purges those of `slices` that are free and not clean; how many it purged.
    unsigned purge(Pages& pages, std::uint64_t slices);
    // Claims all slices for good, so that nobody else can ever claim one; false where one is in
    // use.
    bool close();
    // Gives the pages of a closed arena back that nobody looks at any more, and adds up the bytes.
    // False: the source refused; what is still mapped is a closed arena.
    bool unmap(Pages& pages, std::size_t& unmapped);
    // Undoes close().
    void reopen();
    std::uint64_t header_slices() const { return ~all_slices(); }
    // Makes freshly mapped pages an arena with `mapped` slices.
    static Arena* make(void* pages, unsigned mapped, const Shape& shape);

  private:
    BitmapWord* words() { return reinterpret_cast<BitmapWord*>(this + 1); }
    // The first slice is the lowest whose bit is in `allowed` that it can be.
    SliceRange claim_at_one_of(std::uint64_t allowed, unsigned count);
    SliceRange taken(unsigned first, unsigned count);
    void publish(std::uint64_t slices);
};
static_assert(sizeof(Arena) == kSlicesPerArena * sizeof(Slab) && sizeof(Arena) == kPageBytes);
static_assert(sizeof(Arena) +
                  (kDefaultShapeValue.freed_distance + (kSlicesPerArena - 1) * kBitmapWords) *
                      sizeof(BitmapWord) <=
              kHeaderBytes);

// The descriptor of the slice that `addr` lies in, which is in an arena of the default shape, not
// in its header. Spelt as byte arithmetic: slice index times the line size is two instructions.
inline Slab* slab_line_of(std::uintptr_t addr) {
    constexpr unsigned kLineShift = 6;
    static_assert(sizeof(Slab) == 1u << kLineShift);
    const std::uintptr_t line =
        (addr >> (kSliceShift - kLineShift)) & ((kSlicesPerArena - 1) << kLineShift);
    return reinterpret_cast<Slab*>(arena_addr_of(addr) + line);
}

// The descriptors of an arena are its first page, and arenas start at pages.
inline Arena* arena_of(Slab* slab) {
    return reinterpret_cast<Arena*>(reinterpret_cast<std::uintptr_t>(slab) & -sizeof(Arena));
}
inline const Arena* arena_of(const Slab* slab) { return arena_of(const_cast<Slab*>(slab)); }
inline unsigned slice_of(const Slab* slab) {
    return reinterpret_cast<std::uintptr_t>(slab) / sizeof(Slab) % kSlicesPerArena;
}
inline std::uintptr_t start_of(const Slab* slab) {
    return arena_of(slab)->slice_addr(slice_of(slab));
}
// The remote bitmap: 1 = freed by another thread, and not yet collected.
inline BitmapWord* freed_words_of(const Slab* slab) {
    return slab->free_words + arena_of(slab)->shape().freed_distance;
}
// CHECKS builds: 1 = the slot is of a larger class than its object asks for, because memory was
// short. Whoever holds the object changes its bit. Behind the free bitmap, which leaves that much
// room but for slots of 16 bytes, and those are of the least class.
inline BitmapWord* oversized_words_of(const Slab* slab) {
    return slab->free_words + slab->slice_count * arena_of(slab)->shape().bitmap_words / 2;
}
inline bool is_oversized(const Slab* slab, SlotIndex slot) {
    return raw(slab->size_class) != 0 &&
           (oversized_words_of(slab)[word_index_of(slot)].load(memory_order_relaxed) &
            bit_of(slot)) != 0;
}
inline void set_oversized(const Slab* slab, SlotIndex slot, bool is_oversized) {
    if (raw(slab->size_class) == 0) return;
    BitmapWord& word = oversized_words_of(slab)[word_index_of(slot)];
    if (is_oversized) {
        word.set_bits(bit_of(slot), memory_order_relaxed);
    } else {
        word.clear_bits(bit_of(slot), memory_order_relaxed);
    }
}
// The next slab in the same heap's inbox. Belongs to whoever raised the slab's remote words from 0,
// until the owner pops it.
inline Slab*& inbox_next_of(Slab* slab) { return arena_of(slab)->inbox_links()[slice_of(slab)]; }
inline std::size_t slab_or_run_bytes(const Slab* slab) {
    return std::size_t{slab->slice_count} << arena_of(slab)->shape().slice_shift;
}

}  // namespace emma

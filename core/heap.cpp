// SPDX-License-Identifier: MIT OR Apache-2.0
// The slower side of a heap: finding free slots when the current word has none, following a slab
// from current to full to listed to retired, and taking in remote frees.
#include "core/heap.h"

#include "core/check.h"

namespace emma {
namespace {

// The countdown of a current slab: allocations are not counted, so nothing can be concluded at
// zero.
constexpr std::uint32_t kNoCountdown = ~std::uint32_t{0};

// Does the slab's class keep account of slots that were never written?
bool tracks_untouched(const Slab* slab) { return !slab->is_small_class(); }

// Of a word in use, whose free slots were all live before: so that they are in the cache by the
// time they are handed out. Those of a new word come in the order that the processor foresees.
void prefetch_slots(const BitmapWord& word, std::uintptr_t base, std::size_t slot_bytes) {
    std::uint64_t free = word.load(memory_order_relaxed);
    if (free == ~std::uint64_t{0}) return;
    for (; free != 0; free &= free - 1)
        __builtin_prefetch(reinterpret_cast<void*>(base + lowest_bit(free) * slot_bytes), 1);
}

// For a new slab. `near`: null, or an arena that the heap has a slab in.
SliceRange claim_for(ThreadHeap& heap, Arena* near, unsigned count) {
    // The first heap may have nobody to keep away from.
    if (!kForSpeed || heap.older == nullptr) return heap.arenas->claim(count, 1);
    return heap.arenas->claim_apart(
        near, reinterpret_cast<std::uintptr_t>(&heap) / sizeof(ThreadHeap), count);
}

[[noreturn, gnu::cold, gnu::noinline]] void panic_double_free(const Slab* slab, SlotIndex slot) {
    const std::size_t bytes = slab->slot_bytes();
    panic(Misuse::kDoubleFree, reinterpret_cast<void*>(start_of(slab) + raw(slot) * bytes), bytes);
}

void mark_oversized(const Slab& slab, void* object) {
    const auto addr = reinterpret_cast<std::uintptr_t>(object);
    set_oversized(&slab, slot_starting_at(slab, addr - start_of(&slab)), true);
}

}  // namespace

void* ThreadHeap::allocate(SizeClass size_class, bool* untouched, std::size_t alignment) {
    void* const pointer = allocate_with(size_class, untouched);
    return pointer != nullptr ? pointer : allocate_scraping(size_class, untouched, alignment);
}

// No slab can be had, and every slab of the heap with a free slot is a current or a listed one:
// slots of larger classes will do that have the alignment. Their bins look for new slabs in vain,
// unless slices have just become free.
void* ThreadHeap::allocate_scraping(SizeClass size_class, bool* untouched, std::size_t alignment) {
    for (unsigned index = raw(size_class); index < kSizeClassCount; ++index) {
        const auto candidate = SizeClass(static_cast<std::uint8_t>(index));
        if ((geometry(candidate).slot_bytes & (alignment - 1)) != 0) continue;
        void* const pointer = allocate_with(candidate, untouched);
        if (pointer == nullptr) continue;
        if (kChecks && index != raw(size_class)) mark_oversized(*slabs[index].current, pointer);
        return pointer;
    }
    failed_search = 0;
    return allocate_with(size_class, untouched);
}

void* ThreadHeap::allocate_with(SizeClass size_class, bool* untouched) {
    void* pointer;
    while ((pointer = take(size_class)) == nullptr)
        if (!refill(size_class)) return nullptr;
    Slab* const slab = slabs[raw(size_class)].current;
    if (!tracks_untouched(slab)) return pointer;
    SlotIndex slot;
    (void)find_slot_at(*slab, reinterpret_cast<std::uintptr_t>(pointer) - start_of(slab), slot);
    BitmapWord& fresh = slab->untouched();
    const std::uint64_t bits = fresh.load(memory_order_relaxed);
    if (untouched != nullptr) *untouched = (bits & bit_of(slot)) != 0;
    fresh.store(bits & ~bit_of(slot), memory_order_relaxed);
    return pointer;
}

// Brings the bin nearer to a free slot; false: there is none. Warm: the next word of the same slab.
// Else, in order: what others have freed in it, what they have freed in any, a word that was not in
// use so far, a listed slab, a new one.
bool ThreadHeap::refill(SizeClass size_class) {
    BinSlabs& bin = slabs[raw(size_class)];
    if (next_word(bin.current)) return true;
    if (inbox.load(memory_order_relaxed) != nullptr) {
        drain_inbox();  // the bin may have lost its slab: see note_free()
        if (next_word(bin.current)) return true;
    }
    Arena* near = nullptr;  // kept by the slab that is full
    if (Slab* const current = bin.current) {
        if (new_word(current)) return true;
        if (kForSpeed) near = arena_of(current);
        // Every slot is due, and the freers not yet counted.
        current->state = SlabState::kFull;
        settle(current, current->slot_count + current->uncounted);
    }
    bins.word_offset[raw(size_class)] = 0;
    bin.current = bin.first;
    if (Slab* const listed = bin.first) {
        unlink(listed);
        listed->state = SlabState::kCurrent;
        listed->countdown = kNoCountdown;
        return true;
    }
    return add_slab(size_class, near);
}

// Moves the bin on to the slab's next word in use, going round, in which something is free: each
// has had the time of a whole round to collect frees. A summary of the words would cost every free
// three instructions, and the search is shorter than one of them for each slot found, all words of
// a new slab taken together. Where there is none it takes in what others have freed in this slab:
// in no other, as each slab that is taken in costs its next freer two more atomic operations.
bool ThreadHeap::next_word(Slab* slab) {
    if (slab == nullptr) return false;
    for (;;) {
        unsigned index = slab->last_word;
        unsigned left = slab->used_words;
        EMMA_ASSERT(left != 0);
        do {
            if (++index >= slab->used_words) index = 0;
            if (slab->free_words[index].load(memory_order_relaxed) != 0)
                return use_word(slab, index);
        } while (--left != 0);
        if (slab->owner.remote_words(this, memory_order_relaxed) <= slab->uncounted) return false;
        collect(slab, 1);
    }
}

// To one that was not in use: only where nothing is free in those that are, after other threads'
// frees are in, so that few pages of a slab are touched.
bool ThreadHeap::new_word(Slab* slab) {
    if (slab->used_words == word_count_for(slab->slot_count)) return false;
    return use_word(slab, slab->used_words++);
}

// True, for those who found the word: it has a free slot.
bool ThreadHeap::use_word(Slab* slab, unsigned index) {
    slab->last_word = static_cast<std::uint8_t>(index);
    const unsigned bin = raw(slab->size_class);
    const std::size_t slot_bytes = slab->slot_bytes();
    bins.word_offset[bin] = reinterpret_cast<std::uintptr_t>(&slab->free_words[index]) -
                            reinterpret_cast<std::uintptr_t>(this);
    bins.word_base[bin] = start_of(slab) + std::size_t{index} * 64 * slot_bytes;
    bins.slot_bytes[bin] = slot_bytes;
    if (kForSpeed) prefetch_slots(slab->free_words[index], bins.word_base[bin], slot_bytes);
    return true;
}

// Puts a slab that is not current where `due` says, and sets its countdown to the next turn.
void ThreadHeap::settle(Slab* slab, unsigned due) {
    EMMA_ASSERT(slab->state != SlabState::kCurrent);
    // With fewer free slots a full slab is not worth listing.
    const unsigned spare = shortage != 0 ? 1 : (slab->slot_count + 15u) / 16;
    const unsigned wake = slab->slot_count - spare + slab->uncounted;
    if (due > wake && slab->state != SlabState::kListed) {
        slab->countdown = due - wake;
        slab->held_back = static_cast<std::uint16_t>(wake);
        return;
    }
    if (due == 0) {
        retire(slab);
        return;
    }
    if (slab->state != SlabState::kListed) append(slab);
    slab->countdown = due;
    slab->held_back = 0;
}

// A current slab stays when its last object goes, as its class may be asked for again at once; but
// of the page classes, whose slabs take up to a MiB each, only that of the class last freed in.
void ThreadHeap::note_free(SizeClass size_class) {
    const unsigned page_class = raw(size_class) - kFirstPageClass;
    if (page_class >= kSizeClassCount - kFirstPageClass || page_class == last_page_class) return;
    const unsigned left = kFirstPageClass + last_page_class;
    last_page_class = static_cast<std::uint8_t>(page_class);
    Slab* const slab = slabs[left].current;
    // Nothing in it is live, and nobody on the way; its bitmap is one word.
    if (slab == nullptr || slab->uncounted != 0 ||
        slab->free_words[0].load(memory_order_relaxed) != low_bits(slab->slot_count))
        return;
    slabs[left].current = nullptr;
    bins.word_offset[left] = 0;
    retire(slab);
}

// A local free has brought the countdown to zero.
void ThreadHeap::attend(Slab* slab) {
    if (slab->state == SlabState::kCurrent) {
        slab->countdown = kNoCountdown;
    } else {
        settle(slab, slab->held_back);
    }
}

void ThreadHeap::put(Slab* slab, SlotIndex slot) {
    bool freed_remotely = false;
    // Acquire pairs with put_remote(): the bit was set before the count. What a word holds that its
    // first freer is just about to count is not seen here; collect() finds it, unless the slot is
    // taken before.
    if (slab->owner.remote_words(this, memory_order_acquire) != 0) {
        if (is_inbox_long()) drain_inbox();
        // Not yet collected: as free as by the bitmap below.
        freed_remotely = (freed_words_of(slab)[word_index_of(slot)].load(memory_order_relaxed) &
                          bit_of(slot)) != 0;
    }
    const PutResult result = freed_remotely ? PutResult::kWasFree : put_local(slab, slot);
    if (result == PutResult::kWasFree) panic_double_free(slab, slot);
    if (result == PutResult::kAttend) return attend(slab);
    note_free(slab->size_class);
}

// (1) the bit, (2) where it is the word's first, the count, (3) where that was 0, the inbox: in
// this order. The owner takes the count before the words, so it never counts a word that it does
// not find; and until a word is counted the slab is not quiet, so it cannot be retired under this
// thread's hands. Where the bit is not the first nothing follows it: who set the first counts.
bool ThreadHeap::put_remote(Slab* slab, SlotIndex slot) {
    BitmapWord& word = freed_words_of(slab)[word_index_of(slot)];
    // Setting the bit by an addition gives the whole word before it in one instruction. Release:
    // the last accesses to the object come before the bit.
    const std::uint64_t bit = bit_of(slot);
    if (const std::uint64_t before = word.fetch_add(bit, memory_order_release)) {
        if ((before & bit) == 0) return false;
        // Two threads free it at the same moment, or the proof would have found it. The addition
        // has gone over into other bits.
        word.fetch_sub(bit, memory_order_relaxed);
        panic_double_free(slab, slot);
    }
    // Release: the bit before the count. Acquire: the inbox link below is this thread's only after
    // the owner that last reset the count has read it.
    if (!slab->owner.add_remote_word(this, memory_order_acq_rel)) return false;
    const std::uint32_t slices = slab->slice_count;  // read before the push: see below
    Slab* head = inbox.load(memory_order_relaxed);
    do {
        inbox_next_of(slab) = head;
        // Release pairs with drain_inbox(). A failure means another thread's push or the owner's
        // drain went through. ABA cannot hurt: the owner takes the whole stack at once.
    } while (!inbox.compare_exchange(head, slab, memory_order_release, memory_order_relaxed));
    // From the push on the owner may retire the slab: it is not read any more.
    (void)inbox_slices.fetch_add(slices, memory_order_relaxed);
    return true;
}

// What is taken out is noted in the heap: an operation that is broken off leaves the rest there.
void ThreadHeap::drain_inbox() {
    inbox_slices.store(0, memory_order_relaxed);
    draining = inbox.exchange(nullptr, memory_order_acquire);
    while (Slab* const slab = draining) {
        // Read before the count is taken: from then on the slab may be pushed again.
        draining = inbox_next_of(slab);
        collect(slab, 0);
    }
}

void ThreadHeap::drain() {
    if (!enter()) return;
    drain_inbox();
    leave();
}

// `left`: 1 where the slab stays in the inbox, so that no freer pushes it again. That one is for
// the freer who raised the count from 0 and may have the push yet to do: until the drain the slab
// is not quiet.
void ThreadHeap::collect(Slab* slab, std::uint64_t left) {
    BitmapWord* const freed_words = freed_words_of(slab);
    // Acquire pairs with put_remote(): at least as many words are seen to have bits as are counted.
    // Release: the inbox link was read before the slab can be pushed again.
    // Until the number is known, as many words more as a bitmap has: a slab that an operation
    // leaves in between is never taken for a quiet one.
    slab->uncounted = static_cast<std::uint16_t>(slab->uncounted + kBitmapWords);
    const unsigned counted = slab->owner.take_remote_words(this, left, memory_order_acq_rel);
    unsigned found = 0;
    std::size_t frees = 0;
    for (unsigned index = 0; index < slab->used_words; ++index) {
        if (freed_words[index].load(memory_order_relaxed) == 0) continue;
        // Acquire: the freers' last accesses to the objects, before these are handed out again.
        std::uint64_t freed = freed_words[index].exchange(0, memory_order_acquire);
        BitmapWord& word = slab->free_words[index];
        const std::uint64_t free = word.load(memory_order_relaxed);
        if ((free & freed) != 0)
            panic_double_free(slab, SlotIndex(index * 64 + lowest_bit(free & freed)));
        word.store(free | freed, memory_order_relaxed);
        for (; freed != 0; freed &= freed - 1) ++frees;
        ++found;
    }
    // One writer; relaxed: the number is all there is to see.
    remote_frees.store(remote_frees.load(memory_order_relaxed) + frees, memory_order_relaxed);
    const unsigned early = found - counted;  // 2^32 less where more were counted than found
    slab->uncounted = static_cast<std::uint16_t>(slab->uncounted + early - kBitmapWords);
    const unsigned due = slab->countdown + slab->held_back + early - static_cast<unsigned>(frees);
    if (slab->state != SlabState::kCurrent) return settle(slab, due);
    note_free(slab->size_class);
}

// Makes a slab of a claimed range: all slots free, announced to whoever proves pointers.
[[gnu::always_inline]] inline void ThreadHeap::set_up(const SliceRange& range, SizeClass size_class,
                                                      std::size_t slot_bytes) {
    Slab& slab = range.arena->slab(range.first);
    slab.size_class = size_class;
    slab.reciprocal = reciprocal_for(slot_bytes);
    slab.slot_count =
        static_cast<std::uint16_t>(range.arena->shape().slot_count_for(slot_bytes, range.count));
    slab.slice_count = static_cast<std::uint8_t>(range.count);
    slab.free_words = range.arena->free_words(range.first);
    slab.countdown = kNoCountdown;
    slab.held_back = 0;
    slab.uncounted = 0;
    slab.used_words = 0;
    slab.last_word = 0;
    slab.state = SlabState::kCurrent;
    slab.last_rest = rest_for(slot_bytes, slab.slot_count - 1u);
    slab.owner.set(this, slab.is_small_class());
    // Of a medium slab, whose bitmap is one word; in a small one it is written over.
    slab.untouched().store(std::uint64_t{0} - range.clean, memory_order_relaxed);
    fill_free(slab.free_words, slab.slot_count);
    if (kChecks && raw(size_class) != 0)
        for (unsigned word = 0; word < word_count_for(slab.slot_count); ++word)
            oversized_words_of(&slab)[word].store(0, memory_order_relaxed);
    for (unsigned distance = 1; distance < range.count; ++distance) {
        Slab* const line = &slab + distance;
        line->owner.clear();
        line->slice_count = static_cast<std::uint8_t>(distance);
        line->use.store(SliceUse::kContinuation, memory_order_relaxed);
    }
    // Release: a thread that proves a pointer by this sees the slab whole.
    slab.use.store(SliceUse::kSlab, memory_order_release);
}

// A search for slices that failed is not repeated before some are released: until then slots of
// larger classes must do. Only an allocation that finds none of them either searches in any case,
// as slices come free in other ways too, and the source may give more by now.
bool ThreadHeap::add_slab(SizeClass size_class, Arena* near) {
    const Shape& shape = arenas->shape();
    const ClassGeometry geometry = shape.classes->of[raw(size_class)];
    // A shorter slab is better than none: it takes what gaps there are when memory runs out.
    const unsigned least = shape.slice_count_for(geometry.slot_bytes);
    // Of two searches with no release in between the keys differ by less than 64, and not upwards
    // if the second is for more; from 0 all differ by more. Read before the search.
    const std::uint64_t key = arenas->released_slices() * 256 + 128 + least;
    if (key - failed_search < 64) return false;
    SliceRange range;
    for (unsigned count = geometry.slice_count; !(range = claim_for(*this, near, count)).ok();
         --count) {
        if (count > least) continue;
        note_shortage();
        failed_search = key;
        return false;
    }
    if (shortage != 0) --shortage;
    set_up(range, size_class, geometry.slot_bytes);
    Slab* const slab = &range.arena->slab(range.first);
    slabs[raw(size_class)].current = slab;
    return new_word(slab);
}

// Walks all arenas. In a shortage that goes on there is nothing to list. What settle() does follows
// the new state from its first line on, so rebuild() completes a walk that is broken off.
void ThreadHeap::note_shortage() {
    const bool was_short = shortage != 0;
    shortage = arenas->arena_count();
    if (was_short) return;
    arenas->for_each([&](Arena& arena) {
        for (unsigned slice = arena.first_slice(); slice < kSlicesPerArena; ++slice) {
            Slab* const slab = &arena.slab(slice);
            // Acquire: another heap's slab is seen whole, and then is not this heap's.
            if (slab->use.load(memory_order_acquire) != SliceUse::kSlab) continue;
            if (slab->owner.heap() != this || slab->state != SlabState::kFull) continue;
            settle(slab, slab->countdown + slab->held_back);
        }
    });
}

void ThreadHeap::append(Slab* slab) {
    BinSlabs& bin = slabs[raw(slab->size_class)];
    slab->state = SlabState::kListed;
    slab->list_next = nullptr;
    slab->list_prev = bin.last;
    (bin.last != nullptr ? bin.last->list_next : bin.first) = slab;
    bin.last = slab;
}

void ThreadHeap::unlink(Slab* slab) {
    BinSlabs& bin = slabs[raw(slab->size_class)];
    (slab->list_prev != nullptr ? slab->list_prev->list_next : bin.first) = slab->list_next;
    (slab->list_next != nullptr ? slab->list_next->list_prev : bin.last) = slab->list_prev;
}

// Nothing is live and nobody is on the way to the slab, so its slices may have a new owner.
void ThreadHeap::retire(Slab* slab) {
    EMMA_ASSERT(count_free(slab->free_words, slab->slot_count) == slab->slot_count);
    EMMA_ASSERT(slab->uncounted == 0 && slab->owner.remote_words(this, memory_order_relaxed) == 0);
    if (slab->state == SlabState::kListed) unlink(slab);
    slab->owner.clear();
    slab->use.store(SliceUse::kRetiredSlab, memory_order_relaxed);
    arenas->release(arena_of(slab), slice_of(slab), slab->slice_count);
}

}  // namespace emma

// SPDX-License-Identifier: MIT OR Apache-2.0
// The invariants, one line each. What is checked of a slab is what slab.h, heap.h and arena.h
// state.
#include "core/audit.h"

namespace emma {
namespace {

class Auditor {
  public:
    explicit Auditor(const Report& report) : report_(report) {}

    // `what` names the invariant, `where` the descriptor, heap or arena.
    void expect(bool holds, const char* what, const void* where) {
        if (holds) return;
        ++broken_;
        if (report_.write == nullptr) return;
        write("emma_check: broken at 0x");
        for (unsigned shift = 64; shift != 0; shift -= 4) {
            const auto digit = (reinterpret_cast<std::uintptr_t>(where) >> (shift - 4)) & 15;
            report_.write(report_.context, &"0123456789abcdef"[digit], 1);
        }
        write(": ");
        write(what);
        write("\n");
    }
    unsigned broken() const { return broken_; }

    void audit_arena(const ArenaPool& arenas, Arena& arena);
    void audit_heap(ThreadHeap* heap);
    void audit_slabs(Instance& instance, Arena& arena);

  private:
    void audit_bin(ThreadHeap* heap, SizeClass size_class);
    void audit_list(ThreadHeap* heap, SizeClass size_class);
    void audit_place(ThreadHeap* heap, Slab& slab);
    void audit_slab(ThreadHeap* heap, Arena& arena, unsigned slice);
    void audit_shape(Arena& arena, unsigned slice);
    void audit_slots(Slab& slab);

    void write(const char* text) {
        std::size_t length = 0;
        while (text[length] != '\0') ++length;
        report_.write(report_.context, text, length);
    }

    const Report& report_;
    unsigned broken_ = 0;
};

// A trim may close the arena meanwhile, take it out of the table and, as its place is pinned, put
// it back. Only one that was open at first can be said to be wrong, and only if it then neither is
// closed nor has left the table and come back, which is counted in between.
void Auditor::audit_arena(const ArenaPool& arenas, Arena& arena) {
    const ArenaHead& head = arena.head;
    const std::uint64_t unmaps = arenas.unmaps();
    // Acquire pairs with Arena::reopen().
    if (head.mark.load(memory_order_acquire) == kClosed) return;
    // Read in this order: a slice that is mapped meanwhile becomes present, then clean, then free.
    const std::uint64_t free = head.free_slices.load(memory_order_acquire);
    const std::uint64_t clean = head.clean_slices.load(memory_order_acquire);
    const std::uint64_t present = head.present_slices.load(memory_order_acquire);
    expect((free & ~present) == 0, "a free slice is not mapped", &arena);
    expect((clean & ~present) == 0, "a clean slice is not mapped", &arena);
    expect((present & arena.header_slices()) == 0, "the header counts as a slice", &arena);
    const bool is_known = arenas.table().is_arena(arena.addr());
    const std::uint32_t mark = head.mark.load(memory_order_acquire);
    expect(is_known || mark == kClosed || arenas.unmaps() != unmaps,
           "the arena is not in the table", &arena);
    expect(mark <= kClosed && (mark > kSlicesPerArena || std::bit_width(present) <= mark),
           "the mark lies before a mapped slice", &arena);
}

// The descriptors of a slab agree with its class, with each other and with the arena's words.
void Auditor::audit_shape(Arena& arena, unsigned slice) {
    Slab& slab = arena.slab(slice);
    const std::size_t slot_bytes = slab.slot_bytes();
    const unsigned count = slab.slice_count;
    expect(count >= 1 && slice + count <= kSlicesPerArena, "a slab leaves its arena", &slab);
    if (count < 1 || slice + count > kSlicesPerArena) return;
    expect((arena.head.free_slices.load(memory_order_relaxed) & range_bits(slice, count)) == 0,
           "a slice of a slab is free", &slab);
    expect(slab.slot_count == arena.shape().slot_count_for(slot_bytes, count),
           "slot count of a slab", &slab);
    expect(slab.reciprocal == reciprocal_for(slot_bytes) &&
               slab.last_rest == rest_for(slot_bytes, slab.slot_count - 1u),
           "reciprocal of a slab", &slab);
    expect(slab.free_words == arena.free_words(slice), "bitmap of a slab", &slab);
    for (unsigned distance = 1; distance < count; ++distance) {
        const Slab& line = arena.slab(slice + distance);
        expect(line.use.load(memory_order_relaxed) == SliceUse::kContinuation &&
                   line.slice_count == distance,
               "a continuation does not lead to its head", &line);
    }
}

void Auditor::audit_slots(Slab& slab) {
    const unsigned words = word_count_for(slab.slot_count);
    expect(words != 0, "a slab without slots", &slab);
    if (words == 0) return;
    for (unsigned word = 0; word < words; ++word) {
        const std::uint64_t free = slab.free_words[word].load(memory_order_relaxed);
        const std::uint64_t remote = freed_words_of(&slab)[word].load(memory_order_relaxed);
        const unsigned left = slab.slot_count - word * 64;
        const std::uint64_t slots = low_bits(left < 64 ? left : 64);
        expect(((free | remote) & ~slots) == 0, "a slot behind the last one is free", &slab);
        expect((free & remote) == 0, "a slot is free twice", &slab);
    }
    if (slab.state == SlabState::kCurrent) return;
    const unsigned live = slab.slot_count - count_free(slab.free_words, slab.slot_count);
    const unsigned due = slab.countdown + slab.held_back;
    expect(due == live + slab.uncounted, "due != live + uncounted", &slab);
    expect(due != 0, "an empty slab is not retired", &slab);
}

void Auditor::audit_slab(ThreadHeap* heap, Arena& arena, unsigned slice) {
    Slab& slab = arena.slab(slice);
    expect(raw(slab.size_class) < kSizeClassCount, "size class of a slab", &slab);
    if (raw(slab.size_class) >= kSizeClassCount) return;
    const unsigned before = broken_;
    audit_shape(arena, slice);
    if (broken_ != before) return;
    audit_slots(slab);
    audit_place(heap, slab);
}

void Auditor::audit_bin(ThreadHeap* heap, SizeClass size_class) {
    const BinWords& bins = heap->bins;
    const unsigned bin = raw(size_class);
    const Slab* const slab = heap->slabs[raw(size_class)].current;
    if (bins.word_offset[bin] == 0) return;
    expect(slab != nullptr, "a bin takes slots from no slab", heap);
    if (slab == nullptr) return;
    const auto* const words = slab->free_words;
    const auto index = static_cast<std::size_t>(&word_of(heap, bins.word_offset[bin]) - words);
    expect(index < word_count_for(slab->slot_count), "a bin's word is not its slab's", heap);
    expect(bins.slot_bytes[bin] == slab->slot_bytes(), "slot size of a bin", heap);
    expect(bins.word_base[bin] == start_of(slab) + index * 64 * slab->slot_bytes(), "base of a bin",
           heap);
}

// Both directions of the queue.
void Auditor::audit_list(ThreadHeap* heap, SizeClass size_class) {
    const BinSlabs& bin = heap->slabs[raw(size_class)];
    const Slab* previous = nullptr;
    for (const Slab* slab = bin.first; slab != nullptr; slab = slab->list_next) {
        const bool holds = slab->list_prev == previous && slab->state == SlabState::kListed &&
                           slab->size_class == size_class && slab->owner.heap() == heap;
        expect(holds, "a bin's queue of slabs", slab);
        if (!holds) return;
        previous = slab;
    }
    expect(bin.last == previous, "the end of a bin's queue", heap);
}

// That the slab is where its state says: the bin's current one, or linked in its queue.
void Auditor::audit_place(ThreadHeap* heap, Slab& slab) {
    const BinSlabs& bin = heap->slabs[raw(slab.size_class)];
    expect((bin.current == &slab) == (slab.state == SlabState::kCurrent), "current slab of a bin",
           &slab);
    if (slab.state != SlabState::kListed) return;
    const Slab* const from_before =
        slab.list_prev != nullptr ? slab.list_prev->list_next : bin.first;
    const Slab* const from_behind =
        slab.list_next != nullptr ? slab.list_next->list_prev : bin.last;
    expect(from_before == &slab && from_behind == &slab, "a listed slab is in no queue", &slab);
}

void Auditor::audit_heap(ThreadHeap* heap) {
    expect(heap->no_free_slots == 0, "the word without free slots has some", heap);
    for (unsigned index = 0; index < kSizeClassCount; ++index) {
        const auto size_class = SizeClass(static_cast<std::uint8_t>(index));
        audit_bin(heap, size_class);
        audit_list(heap, size_class);
    }
}

// The heap of a slab that is in use, or null. A snapshot until the heap is held; acquire, as the
// heap may be new.
ThreadHeap* heap_of(Slab& slab) {
    if (slab.use.load(memory_order_acquire) != SliceUse::kSlab) return nullptr;
    return slab.owner.heap();
}

// A heap is taken once for all its slabs in the arena, so the work is that of a walk over arenas.
void Auditor::audit_slabs(Instance& instance, Arena& arena) {
    std::uint64_t left = arena.all_slices();
    for (unsigned first = arena.first_slice(); first < kSlicesPerArena; ++first) {
        ThreadHeap* const heap = heap_of(arena.slab(first));
        if (heap == nullptr || (left & range_bits(first, 1)) == 0) continue;
        std::uint64_t slabs = 0;
        for (unsigned slice = first; slice < kSlicesPerArena; ++slice)
            if (heap_of(arena.slab(slice)) == heap) slabs |= range_bits(slice, 1);
        left &= ~slabs;
        instance.with_heap_alone(heap, instance.heaps.may_ask(), [&](ThreadHeap* held) {
            for (; slabs != 0; slabs &= slabs - 1) {
                const unsigned slice = lowest_bit(slabs);
                if (heap_of(arena.slab(slice)) == held) audit_slab(held, arena, slice);
            }
        });
    }
}

}  // namespace

unsigned audit(Instance& instance, const Report& report) {
    Auditor auditor(report);
    instance.for_each_reachable_heap(instance.heaps.may_ask(),
                                     [&](ThreadHeap* heap) { auditor.audit_heap(heap); });
    instance.arenas.for_each([&](Arena& arena) {
        auditor.audit_arena(instance.arenas, arena);
        auditor.audit_slabs(instance, arena);
    });
    return auditor.broken();
}

}  // namespace emma

EMMA_PUBLIC int emma_walk(emma_visitor visitor, void* context) noexcept {
    const auto visit = [&](void* object, std::size_t bytes) {
        return visitor(context, object, bytes);
    };
    if (!emma::for_each_live(emma::g_instance, visit)) return 1;
    emma::Instance* const second = emma::second_instance();
    return second == nullptr || emma::for_each_live(*second, visit) ? 0 : 1;
}

EMMA_PUBLIC unsigned emma_check(emma_writer write, void* context) noexcept {
    const unsigned broken = emma::audit(emma::g_instance, {write, context});
    emma::Instance* const second = emma::second_instance();
    return second == nullptr ? broken : broken + emma::audit(*second, {write, context});
}

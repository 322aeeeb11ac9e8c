// SPDX-License-Identifier: MIT OR Apache-2.0
// Giving memory back on request: what emma_trim does, from the heaps down to the arenas. In a file
// of its own, so that only a program that asks for it pays for it.
#include "arch/system.h"
#include "core/include/emma.h"
#include "core/instance.h"

namespace emma {
namespace {

// Whether no live object reaches into the page at `offset` bytes into the slab.
bool is_free_page(const Slab& slab, std::size_t offset) {
    const std::size_t slot_bytes = slab.slot_bytes();
    const auto first = static_cast<unsigned>(offset / slot_bytes);
    const auto last = static_cast<unsigned>((offset + kPageBytes - 1) / slot_bytes);
    const unsigned last_slot = slab.slot_count - 1u;  // a rest may follow it
    return first > last_slot ||
           are_free(slab.free_words, first, last < last_slot ? last : last_slot);
}

// Of a slab that the caller may touch. Pages of slots that nobody has used yet are purged too: they
// may be from the slab before.
void purge_free_pages(const Slab& slab, Pages& pages) {
    if (pages.source().purge == nullptr) return;
    const std::size_t bytes = slab_or_run_bytes(&slab);
    std::size_t free_from = 0;
    for (std::size_t offset = 0; offset <= bytes; offset += kPageBytes) {
        if (offset < bytes && is_free_page(slab, offset)) continue;
        if (offset != free_from)
            (void)pages.purge(reinterpret_cast<void*>(start_of(&slab) + free_from),
                              offset - free_from);
        free_from = offset + kPageBytes;
    }
}

}  // namespace

// ---- heaps: their own, ownerless and visited ones

std::size_t Instance::trim() {
    for_each_reachable_heap(heaps.may_ask(), [](ThreadHeap* heap) {
        heap->trim();
        heap->purge_between_objects();
    });
    return arenas.trim();
}

std::size_t Instance::trim_quietly() {
    for_each_reachable_heap(false, [](ThreadHeap* heap) { heap->trim(); });
    return arenas.trim();
}

void ThreadHeap::trim() {
    drain_inbox();
    for (unsigned index = 0; index < kSizeClassCount; ++index) {
        Slab* const slab = slabs[index].current;
        if (slab == nullptr || slab->uncounted != 0) continue;
        if (count_free(slab->free_words, slab->slot_count) != slab->slot_count) continue;
        slabs[index].current = nullptr;
        bins.word_offset[index] = 0;
        retire(slab);
    }
}

void ThreadHeap::purge_between_objects() {
    for (const BinSlabs& bin : slabs) {
        if (bin.current != nullptr) purge_free_pages(*bin.current, arenas->pages());
        for (const Slab* slab = bin.first; slab != nullptr; slab = slab->list_next)
            purge_free_pages(*slab, arenas->pages());
    }
}

// ---- arenas: closing and unmapping

std::size_t ArenaPool::trim() {
    std::size_t given_back = pages_.retry_unmapping();
    for (std::uint32_t place = 0; place < list_.end(); ++place)
        if (Arena* const arena = take_empty(place)) given_back += unmap_closed(arena);
    table_.retry_unmapping([&](std::uintptr_t addr, std::size_t bytes) {
        const bool gone = pages_.unmap(reinterpret_cast<void*>(addr), bytes);
        given_back += gone ? bytes : 0;
        return gone;
    });
    for_each([&](Arena& arena) {
        given_back += arena.purge(pages_, ~std::uint64_t{0}) * shape().slice_bytes();
    });
    return given_back;
}

// The arena at the place, closed and hidden, if none of it is in use; null otherwise.
Arena* ArenaPool::take_empty(std::uint32_t place) {
    Arena* arena = list_.pin(place);
    if (arena == nullptr) return nullptr;
    if (arena->close()) {
        list_.hide(*arena);
    } else {
        arena = nullptr;
    }
    list_.unpin(place);
    return arena;
}

// The arena is hidden in the list, and now leaves the table. If then no guard is held and its place
// is not pinned no thread can be looking at it: a guard or pin taken later finds it in neither, and
// one that was dropped has released its look. Not in the list, as of a thread that hides an arena
// and then looks for pins and one that pins its place at least one sees the other. Not in the
// table, because it left that before the guards were counted, sequentially consistent on both; nor
// among the table's last proofs, which the number of unmappings has made void in between.
std::size_t ArenaPool::unmap_closed(Arena* arena) {
    std::size_t unmapped = 0;
    const std::uint32_t place = arena->head.place;
    const ArenaTable::Removal removal = table_.begin_removal(arena->addr() | ArenaTable::kArena);
    unmaps_.fetch_add(1, memory_order_seq_cst);
    if (!no_guard_held() || list_.is_pinned(place)) {
        put_back(arena, removal);
        return 0;
    }
    if (arena->unmap(pages_, unmapped)) {
        table_.end_removal(removal, true);
        list_.vacate(place);
    } else {
        put_back(arena, removal);
    }
    return unmapped;
}

// The arena serves on, as far as it is still mapped. The thread that holds a guard may have died
// with it, so nothing may be kept until it is dropped.
void ArenaPool::put_back(Arena* arena, ArenaTable::Removal removal) {
    table_.cancel_removal(removal);
    // Shown while it is closed: another thread that closes it finds it in both.
    list_.show(arena);
    arena->reopen();
}

bool Arena::close() {
    std::uint64_t present = head.present_slices.load(memory_order_relaxed);
    if (head.free_slices.load(memory_order_relaxed) != present) return false;
    // The mark first: from then on nobody grows the arena. A mark ahead of what is mapped and of
    // known gaps belongs to a thread that is growing it now.
    const std::uint64_t settled = present | head.gap_slices.load(memory_order_relaxed);
    std::uint32_t mark = head.mark.load(memory_order_relaxed);
    if (mark != kStaysShort && mark != count_bits(settled | header_slices())) return false;
    // Acquire: whoever reopened the arena is done with it.
    if (!head.mark.compare_exchange(mark, kClosed, memory_order_acquire, memory_order_relaxed))
        return false;
    // Acquire: what the last users of the slices did is done before they are unmapped.
    if (head.free_slices.compare_exchange(present, 0, memory_order_acquire, memory_order_relaxed))
        return true;
    head.mark.store(mark, memory_order_relaxed);
    return false;
}

bool Arena::unmap(Pages& pages, std::size_t& unmapped) {
    // From the end, so that the header goes last, together with the slices right behind it.
    const std::uint64_t header = header_slices();
    const unsigned shift = shape().slice_shift;
    std::uint64_t left = head.present_slices.load(memory_order_relaxed) | header;
    while (left != 0) {
        const unsigned last = static_cast<unsigned>(std::bit_width(left)) - 1;
        const std::uint64_t gaps = ~left << (63 - last);
        const unsigned count = gaps == 0 ? last + 1 : static_cast<unsigned>(std::countl_zero(gaps));
        const unsigned first = last + 1 - count;
        const std::size_t bytes = std::size_t{count} << shift;
        if (!pages.unmap(reinterpret_cast<void*>(addr() + (std::uintptr_t{first} << shift)), bytes))
            return false;
        unmapped += bytes;
        left &= ~range_bits(first, count);
        if (first != 0) head.present_slices.store(left & ~header, memory_order_relaxed);
    }
    return true;
}

void Arena::reopen() {
    const std::uint64_t present = head.present_slices.load(memory_order_relaxed);
    const unsigned count = count_bits(present);
    const bool has_gaps = present != (count == 0 ? 0 : range_bits(first_slice(), count));
    // What has been unmapped until the source refused is gone, and clean no more.
    head.clean_slices.clear_bits(~present, memory_order_relaxed);
    head.free_slices.store(present, memory_order_release);
    // The mark last: who grows the arena sets bits of the word above. Release pairs with
    // close() and grow().
    head.mark.store(has_gaps ? kStaysShort : first_slice() + count, memory_order_release);
}

}  // namespace emma

EMMA_PUBLIC size_t emma_trim(void) noexcept {
    std::size_t bytes = emma::g_instance.trim();
    if (emma::Instance* const second = emma::second_instance()) bytes += second->trim();
    return bytes;
}

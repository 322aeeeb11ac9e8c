// SPDX-License-Identifier: MIT OR Apache-2.0
// What the gdb commands have to know of the allocator's memory, for they do not rely on debug
// information: compiled to assembly, from which the Makefile takes the numbers into emma.py
// (`NAME = VALUE`). Never linked.
#include <cstddef>

#include "core/own_heap.h"

#define NUMBER(name, value) asm volatile("#emma_layout " name " = %c0" : : "i"(value))
#define OFFSET(name, type, field) NUMBER(name, offsetof(type, field))

namespace emma {

struct Layout {
    static void instance();
    static void lists();
    static void arena();
    static void slab();
    static void heap();
};

[[gnu::used]] void Layout::instance() {
    OFFSET("INSTANCE_ARENAS", Instance, arenas);
    OFFSET("INSTANCE_HEAPS", Instance, heaps);
    OFFSET("POOL_PAGES", ArenaPool, pages_);
    OFFSET("POOL_TABLE", ArenaPool, table_);
    OFFSET("POOL_LIST", ArenaPool, list_);
    OFFSET("PAGES_MAPPED", Pages, mapped_bytes_);
    OFFSET("HEAPS_NEWEST", HeapPool, newest_);
    OFFSET("HEAPS_FIRST", HeapPool, first_);
    OFFSET("OWN_HEAP_INSTANCE", emma_heap, instance);
    OFFSET("OWN_HEAP_LIMIT", emma_heap, limit_bytes);
    OFFSET("OWN_HEAP_REGION", emma_heap, region);
    NUMBER("OWN_HEAPS_LISTED", kListedHeaps);
}

[[gnu::used]] void Layout::lists() {
    OFFSET("TABLE_NEWEST", ArenaTable, newest_);
    OFFSET("TABLE_FIRST", ArenaTable, first_);
    NUMBER("TABLE_FIRST_ENTRIES", ArenaTable::kFirstEntries);
    OFFSET("TABLE_OLDER", ArenaTable::Table, older);
    OFFSET("TABLE_MASK", ArenaTable::Table, mask);
    NUMBER("TABLE_ENTRIES", sizeof(ArenaTable::Table));
    NUMBER("ENTRY_BYTES", sizeof(ArenaTable::Entry));
    NUMBER("STATE_MASK", ArenaTable::kStateMask);
    NUMBER("STATE_KNOWN", ArenaTable::kKnown);
    NUMBER("STATE_ARENA", ArenaTable::kArenaState);
    NUMBER("STATE_SPARE", ArenaTable::kSpare);
    OFFSET("LIST_END", ArenaList, end_);
    OFFSET("LIST_FIRST", ArenaList, first_);
    OFFSET("LIST_CHUNKS", ArenaList, chunks_);
    NUMBER("LIST_FIRST_PLACES", ArenaList::kFirstPlaces);
    NUMBER("LIST_SECOND_PLACES", ArenaList::kSecondPlaces);
    NUMBER("CELL_BYTES", sizeof(ArenaList::Cell));
}

[[gnu::used]] void Layout::arena() {
    NUMBER("SLICES", kSlicesPerArena);
    NUMBER("ARENA_HEAD_BYTES", sizeof(Arena));
    OFFSET("ARENA_FREE", ArenaHead, free_slices);
    OFFSET("ARENA_PRESENT", ArenaHead, present_slices);
    OFFSET("ARENA_CLEAN", ArenaHead, clean_slices);
    OFFSET("ARENA_MARK", ArenaHead, mark);
    OFFSET("ARENA_PLACE", ArenaHead, place);
    OFFSET("ARENA_SHAPE", ArenaHead, shape);
    NUMBER("MARK_CLOSED", kClosed);
    NUMBER("SHAPE_BYTES", sizeof(Shape));
    OFFSET("SHAPE_CLASSES", Shape, classes);
    OFFSET("SHAPE_FREED_DISTANCE", Shape, freed_distance);
    OFFSET("SHAPE_BITMAP_WORDS", Shape, bitmap_words);
    OFFSET("SHAPE_SLICE_SHIFT", Shape, slice_shift);
    OFFSET("SHAPE_HEADER_SLICES", Shape, header_slices);
    NUMBER("CLASSES", kSizeClassCount);
    NUMBER("SLOT_BYTES_BITS", 24);
    static_assert(sizeof(ClassGeometry) == 4);
}

[[gnu::used]] void Layout::slab() {
    NUMBER("SLAB_BYTES", sizeof(Slab));
    OFFSET("SLAB_OWNER", Slab, owner);
    OFFSET("SLAB_FREE_WORDS", Slab, free_words);
    OFFSET("SLAB_NEXT", Slab, list_next);
    OFFSET("SLAB_PREV", Slab, list_prev);
    OFFSET("SLAB_COUNTDOWN", Slab, countdown);
    OFFSET("SLAB_SLOT_COUNT", Slab, slot_count);
    OFFSET("SLAB_HELD_BACK", Slab, held_back);
    OFFSET("SLAB_UNCOUNTED", Slab, uncounted);
    OFFSET("SLAB_CLASS", Slab, size_class);
    OFFSET("SLAB_USE", Slab, use);
    OFFSET("SLAB_STATE", Slab, state);
    OFFSET("SLAB_SLICE_COUNT", Slab, slice_count);
    OFFSET("SLAB_USED_WORDS", Slab, used_words);
    NUMBER("USE_SLAB", SliceUse::kSlab);
    NUMBER("USE_RUN", SliceUse::kRun);
    NUMBER("USE_CONTINUATION", SliceUse::kContinuation);
    NUMBER("USE_RETIRED_SLAB", SliceUse::kRetiredSlab);
    NUMBER("USE_RELEASED_RUN", SliceUse::kReleasedRun);
    NUMBER("SLAB_CURRENT", SlabState::kCurrent);
    NUMBER("SLAB_FULL", SlabState::kFull);
    NUMBER("SLAB_LISTED", SlabState::kListed);
}

[[gnu::used]] void Layout::heap() {
    NUMBER("HEAP_BYTES", sizeof(ThreadHeap));
    OFFSET("HEAP_BUSY", ThreadHeap, busy);
    OFFSET("HEAP_VISITED", ThreadHeap, visited);
    OFFSET("HEAP_ARENAS", ThreadHeap, arenas);
    OFFSET("HEAP_HOLDER", ThreadHeap, ownership);
    OFFSET("HEAP_INBOX", ThreadHeap, inbox);
    OFFSET("HEAP_OLDER", ThreadHeap, older);
    OFFSET("HEAP_SLABS", ThreadHeap, slabs);
    NUMBER("BIN_BYTES", sizeof(BinSlabs));
    OFFSET("BIN_CURRENT", BinSlabs, current);
    OFFSET("BIN_FIRST", BinSlabs, first);
    OFFSET("BIN_LAST", BinSlabs, last);
    NUMBER("UNOCCUPIED", Busy::Mark::kUnoccupied);
    NUMBER("HOLDER_ID_BITS", Holder::kIdBits);
}

}  // namespace emma

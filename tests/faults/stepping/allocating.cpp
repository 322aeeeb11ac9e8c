// SPDX-License-Identifier: MIT OR Apache-2.0
// Allocations in every state of a heap, of the arenas and of the thread.
#include "tests/faults/stepping/operation.h"
#include "tests/freestanding/process.h"

namespace stepping {
namespace {

// A slab whose slots are all taken, and the bin at its end.
void full_slab(World& world) {
    populate(world);
    world.make_many(kUsualSlots, kUsual);
}

void first_word_used_up(World& world) {
    populate(world);
    world.make_many(kUsualSlots / 2, kUsual);
}

template <std::size_t kCount>
void free_last(World& world) {
    for (std::size_t i = 0; i < kCount; ++i) world.free_one(world.count() - 1);
}

void freed_by_others(World& world) {
    full_slab(world);
    on_other_thread(world, free_last<5>);
}

// The slab has been taken in alone and is used up again: it stands in the inbox without a free
// slot.
void left_in_inbox(World& world) {
    freed_by_others(world);
    world.make_many(5, kUsual);
}

// And others have freed in it once more.
void freed_in_inbox(World& world) {
    left_in_inbox(world);
    on_other_thread(world, free_last<5>);
}

// The first slab has room and waits in the queue; the second, current one is full.
void one_slab_listed(World& world) {
    full_slab(world);
    const std::size_t first = world.count() - kUsualSlots;
    world.make(kUsual);
    for (std::size_t i = 0; i < 20; ++i) world.free_one(first + 2 * i);
    world.make_many(kUsualSlots - 1, kUsual);
}

// As above, but all of the first slab was freed by another thread, so it is retired when that is
// taken in.
void slab_emptied_by_others(World& world) {
    world.make_many(kUsualSlots, kUsual);
    on_other_thread(world, free_last<kUsualSlots>);
    populate(world);
    world.make_many(kUsualSlots, kUsual);
}

// Three slabs fill what is mapped of a first arena.
void mapped_part_full(World& world) {
    for (const std::size_t size : {48, 700, 2000}) world.make(size);
}

// No memory is to be had, and the slab that has room has too little to be in the queue.
void memory_run_out(World& world) {
    full_slab(world);
    const std::size_t first = world.count() - kUsualSlots;
    world.make(kUsual);
    for (std::size_t i = 0; i < 3; ++i) world.free_one(first + 2 * i);
    world.make_many(kUsualSlots - 1, kUsual);
    use_up_memory(world);
    world.make(1000);
}

void one_errand(World& world) {
    populate(world);
    world.make(kUsual);
}
void errand_cut_off(World& world) {
    one_errand(world);
    end_thread();
}
void thread_has_ended(World& world) {
    populate(world);
    on_other_thread(world, one_errand);
}
void thread_has_died(World& world) {
    populate(world);
    on_other_thread(world, errand_cut_off);
}

// Another thread was to look at the heap, and has died or fallen asleep there.
void heap_visited_by_dead(World& world) {
    full_slab(world);
    on_other_thread(world, die_in_visit);
}
void heap_visited(World& world) {
    full_slab(world);
    with_sleeping_thread(
        world, [](World&) {}, Asleep::kInVisit);
}

// The thread once left an operation by longjmp.
void heap_occupied(World& world) {
    populate(world);
    world.make(kUsual);
    leave_heap(world);
}

template <std::size_t kSize>
void act_calloc(World& world) {
    world.result = call(as_function(emma_calloc), 1, kSize);
}
template <std::size_t kSize>
void keep_zeroed(World& world) {
    CHECK(test_is_zero(result_of(world), kSize));
    keep_result<kSize>(world);
}
template <std::size_t kAlignment, std::size_t kSize>
void act_aligned_alloc(World& world) {
    world.result = call(as_function(emma_aligned_alloc), kAlignment, kSize);
}
template <std::size_t kAlignment, std::size_t kSize>
void keep_aligned(World& world) {
    CHECK(static_cast<std::size_t>(world.result) % kAlignment == 0);
    keep_result<kSize>(world);
}

// What tells a state from another: where the result lies, and what was asked of the system.
bool in_slice_of(const World& world, std::size_t back) {
    return slice_addr(result_of(world)) == slice_addr(world[world.count() - back].bytes);
}
using Stats = struct emma_stats;
void proves_other_slice(const World& world, const Stats& before, const Stats& after) {
    CHECK(!in_slice_of(world, 2) && before.system_calls == after.system_calls);
}
void proves_same_slice(const World& world, const Stats& before, const Stats& after) {
    CHECK(in_slice_of(world, 2) && before.system_calls == after.system_calls);
}
void proves_growth(const World&, const Stats& before, const Stats& after) {
    CHECK(before.arenas == after.arenas && after.mapped_bytes > before.mapped_bytes);
}
void proves_new_arena(const World&, const Stats& before, const Stats& after) {
    CHECK(after.arenas == before.arenas + 1);
}
void proves_adoption(const World&, const Stats& before, const Stats& after) {
    if (kThreadHeaps)
        CHECK(after.adopted_heaps == before.adopted_heaps + 1 && after.heaps == before.heaps);
}
void proves_borrowing(const World&, const Stats& before, const Stats& after) {
    CHECK(after.borrowed_heaps == before.borrowed_heaps + 1);
}
void proves_visit(const World& world, const Stats& before, const Stats& after) {
    if (kThreadHeaps) proves_borrowing(world, before, after);
}
void proves_huge(const World&, const Stats& before, const Stats& after) {
    CHECK(after.huge_objects == before.huge_objects + 1);
}

constexpr Operation kRows[] = {
    {"malloc-fast", populate,
     [](World& world) {
         populate(world);
         world.make(kUsual);
     },
     act_malloc<kUsual>, keep_result<kUsual>, proves_same_slice, 1},
    {"malloc-word", populate, first_word_used_up, act_malloc<kUsual>, keep_result<kUsual>,
     proves_same_slice, 1},
    {"malloc-inbox", populate, freed_by_others, act_malloc<kUsual>, keep_result<kUsual>,
     proves_same_slice, 6},
    {"malloc-inbox-again", populate, freed_in_inbox, act_malloc<kUsual>, keep_result<kUsual>,
     proves_same_slice, 6},
    {"malloc-inbox-empty", populate, left_in_inbox, act_malloc<kUsual>, keep_result<kUsual>,
     proves_other_slice, 1},
    {"malloc-inbox-retire", populate, slab_emptied_by_others, act_malloc<kUsual>,
     keep_result<kUsual>, nullptr, 129},
    {"malloc-listed", populate, one_slab_listed, act_malloc<kUsual>, keep_result<kUsual>,
     proves_other_slice, 1},
    {"malloc-slab", populate, full_slab, act_malloc<kUsual>, keep_result<kUsual>,
     proves_other_slice, 1},
    {"malloc-grow", nullptr, mapped_part_full, act_malloc<kUsual>, keep_result<kUsual>,
     proves_growth, 1},
    {"malloc-arena", populate, fill_arena, act_malloc<kUsual>, keep_result<kUsual>,
     proves_new_arena, 1},
    {"malloc-scrape", populate, memory_run_out, act_malloc<kUsual>, keep_result<kUsual>, nullptr,
     1},
    {"malloc-first-of-thread", populate, nullptr, act_malloc<kUsual>, keep_result<kUsual>, nullptr,
     1},
    {"malloc-first-of-program", nullptr, nullptr, act_malloc<kUsual>, keep_result<kUsual>,
     proves_new_arena, 1},
    {"malloc-adopt", thread_has_ended, nullptr, act_malloc<kUsual>, keep_result<kUsual>,
     proves_adoption, 1},
    {"malloc-adopt-dead", thread_has_died, nullptr, act_malloc<kUsual>, keep_result<kUsual>,
     proves_adoption, 1},
    {"malloc-borrow", populate, heap_occupied, act_malloc<kUsual>, keep_result<kUsual>,
     proves_borrowing, 2},
    {"malloc-visited", populate, heap_visited, act_malloc<kUsual>, keep_result<kUsual>,
     proves_visit, 2},
    {"malloc-visited-by-dead", populate, heap_visited_by_dead, act_malloc<kUsual>,
     keep_result<kUsual>, proves_visit, 2},
    {"malloc-medium", populate, populate, act_malloc<20000>, keep_result<20000>, nullptr, 1},
    {"malloc-medium-slab", populate, populate, act_malloc<100000>, keep_result<100000>, nullptr, 1},
    {"malloc-run", populate, populate, act_malloc<300000>, keep_result<300000>, nullptr, 1},
    {"malloc-huge", populate, populate, act_malloc<5000000>, keep_result<5000000>, proves_huge, 1},
    // With FOR=speed in the pages of the one before.
    {"malloc-huge-again", populate, huge_freed, act_malloc<5000000>, keep_result<5000000>,
     proves_huge, 1},
    {"calloc", populate, first_word_used_up, act_calloc<kUsual>, keep_zeroed<kUsual>,
     proves_same_slice, 1},
    {"calloc-medium", populate, populate, act_calloc<20000>, keep_zeroed<20000>, nullptr, 1},
    {"calloc-run", populate, populate, act_calloc<140000>, keep_zeroed<140000>, nullptr, 1},
    {"aligned_alloc", populate, populate, act_aligned_alloc<256, kUsual>, keep_aligned<256, kUsual>,
     nullptr, 1},
    {"aligned_alloc-run", populate, populate, act_aligned_alloc<262144, kUsual>,
     keep_aligned<262144, kUsual>, nullptr, 1},
    {"aligned_alloc-huge", populate, populate, act_aligned_alloc<8388608, kUsual>,
     keep_aligned<8388608, kUsual>, proves_huge, 1},
    {"posix_memalign", populate, populate,
     [](World& world) {
         world.result =
             call(as_function(emma_posix_memalign), as_long(&world.subject.bytes), 64, kUsual);
     },
     [](World& world) {
         CHECK(world.result == 0);
         world.keep(world.subject.bytes, kUsual);
     },
     nullptr, 1},
    {"alloc", populate, populate,
     [](World& world) { world.result = call(as_function(emma_alloc), kUsual, 32); },
     keep_result<kUsual>, nullptr, 1},
    {"alloc_zeroed", populate, populate,
     [](World& world) { world.result = call(as_function(emma_alloc_zeroed), kUsual, 32); },
     keep_zeroed<kUsual>, nullptr, 1},
};

}  // namespace

const OperationTable kAllocating{kRows, sizeof kRows / sizeof *kRows};

}  // namespace stepping

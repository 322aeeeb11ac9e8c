// SPDX-License-Identifier: MIT OR Apache-2.0
// Frees: by the owner and by another thread, of slots, runs and huge objects, in each state of what
// they lie in.
#include "tests/faults/stepping/operation.h"

namespace stepping {
namespace {

void populate_and_choose_usual(World& world) {
    populate(world);
    world.make_many(3, kUsual);
    choose_last(world);
}

// The slab of the object is full and not current, and has all but one of the free slots that bring
// it back to the queue.
void all_but_listed(World& world) {
    populate(world);
    world.make_many(kUsualSlots, kUsual);
    const std::size_t first = world.count() - kUsualSlots;
    world.make(kUsual);
    for (std::size_t i = 0; i < kUsualSlots / 16 - 1; ++i) world.free_one(first + 3 * i);
    world.subject = world.take(first + 100);
}

// The slab of the object is in the queue, and nothing else in it is live.
void all_but_empty(World& world) {
    world.make_many(kUsualSlots, kUsual);
    world.make(kUsual);
    world.subject = world.take(0);
    for (std::size_t i = 1; i < kUsualSlots; ++i) world.free_one(world.count() - 1);
    populate(world);
}

void choose_foreign_again(World& world) {
    world.free_one(world.count() - 1);
    choose_foreign(world);
}
void foreign_medium(World& world) {
    populate(world);
    world.make_many(3, 20000);
}

// The last object of a slab that another thread owns and has filled.
void foreign_last(World& world) {
    populate(world);
    world.make_many(kUsualSlots + 1, kUsual);
}
void choose_last_of_slab(World& world) {
    const std::size_t first = world.count() - kUsualSlots - 1;
    const Object last = world.take(first);
    world.free_one(first);  // the one from the second slab, which took its place
    for (std::size_t i = 2; i < kUsualSlots; ++i) world.free_one(world.count() - 1);
    world.free_one(world.count() - 1);
    world.subject = last;
}

// The last objects of an arena. All but one are freed and not yet collected by the owner, and that
// one is the first of its word in the bitmap.
void word_and_one_in_arena(World& world) {
    fill_arena(world);
    world.make_many(65, kUsual);
}
void free_word_and_choose(World& world) {
    choose_last(world);
    for (int i = 0; i < 64; ++i) world.free_one(world.count() - 1);
}

// So much of what others have freed waits for the heap's owner that its free takes it in: another
// thread has freed six slabs of a MiB each, but for one object.
constexpr std::size_t kLongInbox = 6 * 16;
void long_inbox(World& world) {
    populate(world);
    world.make_many(kLongInbox, 60000);
    choose_last(world);
    on_other_thread(world, [](World& other) {
        for (std::size_t i = 1; i < kLongInbox; ++i) other.free_one(other.count() - 1);
    });
}

// Its thread has ended, and nobody has taken over its heap.
void choose_ownerless(World& world) {
    populate(world);
    on_other_thread(world, foreign_objects);
    choose_last(world);
}

// The object's heap is the thread's own, and another thread is looking at it.
void choose_and_be_visited(World& world) {
    populate_and_choose_usual(world);
    with_sleeping_thread(
        world, [](World&) {}, Asleep::kInVisit);
}
void choose_and_be_visited_by_dead(World& world) {
    populate_and_choose_usual(world);
    on_other_thread(world, die_in_visit);
}

// With the next free the look is due that finds more free memory than Emma keeps: 12 runs of 16
// slices are free, and one of them comes and goes. How often, is tried by a child.
constexpr std::size_t kRunOf16 = 16 * 65536;
void come_and_go(int times) {
    for (int i = 0; i < times; ++i) emma_free(emma_malloc(kRunOf16));
}
std::size_t system_calls_now() {
    struct emma_stats stats;
    emma_stats(&stats);
    return stats.system_calls;
}
void look_due(World& world) {
    populate(world);
    world.make_many(12, kRunOf16);
    for (int i = 0; i < 12; ++i) world.free_one(world.count() - 1);
    const long child = fork_process(false);
    if (child == 0) {
        int times = 0;
        for (const std::size_t before = system_calls_now(); system_calls_now() == before; ++times)
            come_and_go(1);
        test_exit(times);
    }
    come_and_go((wait_for_process(child) >> 8) - 1);
    world.make_many(1, kRunOf16);
    world.subject = world.take_last();
}

using Stats = struct emma_stats;
void proves_purge(const World&, const Stats& before, const Stats& after) {
    CHECK(after.system_calls > before.system_calls && after.mapped_bytes == before.mapped_bytes);
}
std::size_t slabs_of(const Stats& stats) {
    std::size_t slabs = 0;
    for (const struct emma_class_stats& each : stats.classes) slabs += each.slabs;
    return slabs;
}
void proves_drain(const World& world, const Stats& before, const Stats& after) {
    proves_one_less(world, before, after);
    if (kThreadHeaps) CHECK(slabs_of(after) + 4 <= slabs_of(before));
}
void proves_unmapping(const World&, const Stats& before, const Stats& after) {
    CHECK(after.mapped_bytes < before.mapped_bytes && after.huge_objects < before.huge_objects);
}

// The object went the way of those that others free.
void proves_visit(const World& world, const Stats& before, const Stats& after) {
    proves_one_less(world, before, after);
    if (kThreadHeaps) CHECK(after.remote_frees == before.remote_frees + 1);
}

void act_free_sized(World& world) {
    (void)call(as_function(emma_free_sized), as_long(world.subject.bytes),
               static_cast<long>(world.subject.size));
}
void act_free_aligned_sized(World& world) {
    (void)call(as_function(emma_free_aligned_sized), as_long(world.subject.bytes), 16,
               static_cast<long>(world.subject.size));
}
void act_dealloc(World& world) {
    (void)call(as_function(emma_dealloc), as_long(world.subject.bytes),
               static_cast<long>(world.subject.size), 16);
}

constexpr Operation kRows[] = {
    {"free-fast", populate, populate_and_choose_usual, act_free, nullptr, proves_one_less, 1},
    {"free-list", populate, all_but_listed, act_free, nullptr, proves_one_less, 1},
    {"free-retire", populate, all_but_empty, act_free, nullptr, proves_one_less, 1},
    {"free-medium", populate, populate_and_choose<20000>, act_free, nullptr, proves_one_less, 1},
    {"free-medium-retire", populate, populate_and_choose<60000>, act_free, nullptr, proves_one_less,
     1},
    {"free-run", populate, populate_and_choose<300000>, act_free, nullptr, proves_one_less, 1},
    {"free-huge", populate, populate_and_choose<9000000>, act_free, nullptr, proves_unmapping, 1},
    // With FOR=speed its pages stay for the next one, and the last one's go.
    {"free-huge-again", huge_freed, populate_and_choose<5000000>, act_free, nullptr, nullptr, 1},
    {"free-null", populate, populate, act_free, nullptr, nullptr, 0},
    {"free-remote-first", foreign_objects, choose_foreign, act_free, nullptr, proves_one_less, 1},
    {"free-remote-later", foreign_objects, choose_foreign_again, act_free, nullptr, proves_one_less,
     1},
    {"free-remote-last", foreign_last, choose_last_of_slab, act_free, nullptr, proves_one_less, 1},
    {"free-remote-arena", word_and_one_in_arena, free_word_and_choose, act_free, nullptr,
     proves_one_less, 1},
    {"free-remote-medium", foreign_medium, choose_foreign, act_free, nullptr, proves_one_less, 1},
    {"free-remote-no-heap", foreign_objects, choose_last, act_free, nullptr, proves_one_less, 1},
    // A slab's word of freed slots may be in the drain's hands.
    {"free-long-inbox", populate, long_inbox, act_free, nullptr, proves_drain, 17},
    {"free-ownerless", populate, choose_ownerless, act_free, nullptr, proves_one_less, 1},
    {"free-visited", populate, choose_and_be_visited, act_free, nullptr, proves_visit, 1},
    {"free-visited-by-dead", populate, choose_and_be_visited_by_dead, act_free, nullptr,
     proves_visit, 1},
    {"free-purge", populate, look_due, act_free, nullptr, proves_purge, 1},
    {"free_sized", populate, populate_and_choose_usual, act_free_sized, nullptr, proves_one_less,
     1},
    {"free_aligned_sized", populate, populate_and_choose_usual, act_free_aligned_sized, nullptr,
     proves_one_less, 1},
    {"dealloc", populate, populate_and_choose_usual, act_dealloc, nullptr, proves_one_less, 1},
};

}  // namespace

const OperationTable kFreeing{kRows, sizeof kRows / sizeof *kRows};

}  // namespace stepping

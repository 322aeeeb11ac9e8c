// SPDX-License-Identifier: MIT OR Apache-2.0
// What looks at or changes the allocator as a whole, and threads that come and go.
#include "tests/faults/stepping/operation.h"
#include "tests/freestanding/process.h"

namespace stepping {
namespace {

using Stats = struct emma_stats;

// Objects, and slabs and slices without any.
void litter(World& world) {
    populate(world);
    world.make_many(3, kUsual);
    world.make(300000);
    for (int i = 0; i < 4; ++i) world.free_one(world.count() - 1);
}
void nothing(World&) {}

// A heap of each kind but the victim's: the main thread's, a sleeping thread's, one without an
// owner.
void heaps_of_others(World& world) {
    litter(world);
    on_other_thread(world, litter);
    with_sleeping_thread(world, litter, Asleep::kOutside);
}
void thread_in_walk(World& world) {
    litter(world);
    with_sleeping_thread(world, nothing, Asleep::kInWalk);
}

// More than an arena, all but a little of it free.
void arenas_empty(World& world) {
    populate(world);
    world.make_many(8, 1000000);
    for (int i = 0; i < 8; ++i) world.free_one(world.count() - 1);
}

void heap_occupied(World& world) {
    populate(world);
    world.make(kUsual);
    leave_heap(world);
}

void heap_visited_by_dead(World& world) {
    populate(world);
    on_other_thread(world, die_in_visit);
}
void heap_visited(World& world) {
    populate(world);
    with_sleeping_thread(world, nothing, Asleep::kInVisit);
}

// Of a thread that ended in the middle of an operation on it.
void a_heap_stranded(World& world) {
    populate_thinly(world);
    on_other_thread(world, [](World& w) {
        populate_thinly(w);
        leave_heap(w);
        end_thread();
    });
}

void act_trim(World& world) { world.result = call(as_function(emma_trim)); }
void act_attach(World& world) { world.result = call(as_function(emma_thread_attach)); }
void act_detach(World&) { (void)call(as_function(emma_thread_detach)); }
void act_check(World& world) { world.result = call(as_function(emma_check), 0, 0); }
void expect_zero(World& world) { CHECK(static_cast<int>(world.result) == 0); }

std::size_t g_visited;
bool count_visit(void*, void*, std::size_t) {
    g_stepper.in_callback = true;
    ++g_visited;
    g_stepper.in_callback = false;
    return true;
}
void act_walk(World& world) {
    g_visited = 0;
    (void)call(as_function(emma_walk), reinterpret_cast<long>(count_visit), as_long(&world));
}

struct emma_stats g_stats;
void act_stats(World&) {
    (void)call(as_function(static_cast<void (*)(Stats*)>(emma_stats)), as_long(&g_stats));
}

// The first lines, which are one of each kind but a class's, are stepped, and the rest in one go.
std::size_t g_lines;
void count_line(void*, const char*, std::size_t length) {
    g_lines += length != 0 ? 1 : 0;
    g_stepper.in_callback = g_lines >= 2 && g_lines != 16;
}
void act_report(World&) {
    g_lines = 0;
    (void)call(as_function(emma_report), reinterpret_cast<long>(count_line));
}

void choose_usual(World& world) {
    populate(world);
    world.make(kUsual);
    choose_last(world);
}
void act_owns(World& world) {
    world.result = call(as_function(emma_owns), as_long(world.subject.bytes));
}
void act_usable(World& world) {
    world.result = call(as_function(emma_malloc_usable_size), as_long(world.subject.bytes));
}
void keep_subject(World& world) {
    CHECK((world.result & 0xff) != 0 || world.result >= static_cast<long>(kUsual));
    world.keep(world.subject.bytes, kUsual);
}

void proves_giving_back(const World&, const Stats& before, const Stats& after) {
    CHECK(after.system_calls > before.system_calls);
}
void proves_arena_gone(const World&, const Stats& before, const Stats& after) {
    CHECK(after.arenas < before.arenas && after.mapped_bytes < before.mapped_bytes);
}
void proves_new_heap(const World&, const Stats& before, const Stats& after) {
    if (kThreadHeaps) CHECK(after.heaps == before.heaps + 1);
}
void proves_same_heap(const World&, const Stats& before, const Stats& after) {
    CHECK(after.heaps == before.heaps);
}
void proves_all_visited(const World& world, const Stats&, const Stats&) {
    CHECK(g_visited == world.count());
}
void proves_all_counted(const World& world, const Stats&, const Stats&) {
    CHECK(g_stats.live_objects == world.count());
}

void proves_stranded(const World& world, const Stats& before, const Stats& after) {
    proves_all_counted(world, before, after);
    if (kThreadHeaps) CHECK(g_stats.stranded_heaps == 1 && g_stats.stranded_bytes != 0);
}
void proves_lines(const World&, const Stats&, const Stats&) { CHECK(g_lines > 15); }

constexpr Operation kRows[] = {
    {"thread_attach", populate, nullptr, act_attach, expect_zero, nullptr, 0},
    {"thread_attach-again", populate, heap_occupied, act_attach, expect_zero, proves_same_heap, 1},
    {"thread_attach-first", populate, nullptr, act_attach, expect_zero, proves_new_heap, 0},
    {"thread_attach-visited", populate, heap_visited, act_attach, expect_zero, proves_new_heap, 0},
    {"thread_attach-visited-by-dead", populate, heap_visited_by_dead, act_attach, expect_zero,
     proves_new_heap, 0},
    {"thread_detach-none", populate, nullptr, act_detach, nullptr, nullptr, 0},
    {"thread_detach-occupied", populate, heap_occupied, act_detach, nullptr, nullptr, 0},
    {"thread_detach", populate, populate, act_detach, nullptr, nullptr, 0},
    {"owns", populate, choose_usual, act_owns, keep_subject, nullptr, 1},
    {"malloc_usable_size", populate, choose_usual, act_usable, keep_subject, nullptr, 1},
    {"trim", heaps_of_others, litter, act_trim, nullptr, proves_giving_back, 640},
    {"trim-arenas", populate, arenas_empty, act_trim, nullptr, proves_arena_gone, 640},
    {"trim-guarded", thread_in_walk, arenas_empty, act_trim, nullptr, nullptr, 640},
    {"walk", heaps_of_others, litter, act_walk, nullptr, proves_all_visited, 0},
    {"walk-arenas", populate, arenas_empty, act_walk, nullptr, proves_all_visited, 0},
    {"check", heaps_of_others, litter, act_check, expect_zero, nullptr, 0},
    {"stats", heaps_of_others, litter, act_stats, nullptr, proves_all_counted, 0},
    {"stats-stranded", populate, a_heap_stranded, act_stats, nullptr, proves_stranded, 0},
    {"report", populate_thinly, populate_thinly, act_report, nullptr, proves_lines, 0},
};

}  // namespace

const OperationTable kControlling{kRows, sizeof kRows / sizeof *kRows};

}  // namespace stepping

// SPDX-License-Identifier: MIT OR Apache-2.0
// What the set-ups of operations share: a population of objects, and other threads.
#include "tests/faults/stepping/operation.h"
#include "tests/freestanding/process.h"
#include "tests/freestanding/status.h"

namespace stepping {
namespace {

struct Errand {
    World* world;
    void (*work)(World& world);
    Asleep place;
};

Errand g_sleeper;
Phase g_sleeping;  // 0: not yet, 1: sleeps, 2: woken

void* run_errand(void* argument) {
    const auto* const errand = static_cast<const Errand*>(argument);
    errand->work(*errand->world);
    return nullptr;
}

void sleep() {
    g_sleeping.set(1);
    g_sleeping.wait_while(1);
}

// Heaps are visited from the newest on, and each visit begins with a barrier on all threads.
void visit_until(AtPoint at_point) {
    g_stepper = {};
    g_stepper.sought_call = __NR_membarrier;
    g_stepper.at_point = at_point;
    (void)call(as_function(emma_trim));
}

void* work_and_sleep(void*) {
    g_sleeper.work(*g_sleeper.world);
    const auto visit = [](void*, void*, std::size_t) {
        sleep();
        return false;
    };
    // Threads without heaps of their own have none that is visited.
    if (g_sleeper.place == Asleep::kOutside ||
        (!kThreadHeaps && g_sleeper.place != Asleep::kInWalk))
        sleep();
    if (g_sleeper.place == Asleep::kInWalk) emma_walk(visit, nullptr);
    if (kThreadHeaps && g_sleeper.place == Asleep::kInVisit) {
        visit_until([](Registers&) { sleep(); });
        CHECK(g_sleeping.get() == 2);  // the point was reached
    }
    return nullptr;
}

struct emma_stats stats_now() {
    struct emma_stats stats;
    emma_stats(&stats);
    return stats;
}

// Objects of `size` until the next one needs a new arena.
void fill_arenas(World& world, std::size_t size, std::size_t most) {
    const std::size_t arenas = stats_now().arenas;
    for (std::size_t i = 0; i < most && stats_now().arenas == arenas; ++i) world.make(size);
    if (stats_now().arenas == arenas) return;
    world.free_one(world.count() - 1);
    (void)emma_trim();
    CHECK(stats_now().arenas == arenas);
}

}  // namespace

void populate(World& world) {
    for (const std::size_t size : {48, 700, 2000, 20000, 200000, 2200000, 48, 700})
        world.make(size);
    // Something free in each of their slabs, too.
    world.free_one(world.count() - 1);
    world.free_one(world.count() - 1);
}

void populate_thinly(World& world) {
    world.make(48);
    world.make_many(3, kUsual);
    world.free_one(world.count() - 1);
}

void fill_arena(World& world) {
    populate(world);
    fill_arenas(world, 200000, 100);
    for (std::size_t size = 5; size <= 16; ++size) fill_arenas(world, size * 16 - 16, 1);
}

void on_other_thread(World& world, void (*work)(World& world)) {
    Errand errand{&world, work, Asleep::kOutside};
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, nullptr, run_errand, &errand) == 0);
    CHECK(emma_thread_join(thread, nullptr) == 0);
}

void with_sleeping_thread(World& world, void (*work)(World& world), Asleep place) {
    g_sleeper = {&world, work, place};
    CHECK(emma_thread_create(&world.helper, nullptr, work_and_sleep, nullptr) == 0);
    g_sleeping.wait_while(0);
}

void die_in_visit(World& world) {
    if (!kThreadHeaps) end_thread();
    world.has_left_heap = true;
    visit_until([](Registers&) { end_thread(); });
    CHECK(false);  // the point was not reached
    end_thread();
}

void leave_heap(World& world) {
    world.has_left_heap = true;
    g_stepper.target = 12;
    g_stepper.at_point = leave_function;
    (void)call(as_function(emma_malloc), kUsual);
    CHECK(g_stepper.was_reached);
}

void use_up_memory(World& world) {
    limit_memory(test_status_kib("VmSize:") << 10);
    while (void* const run = emma_malloc(131073)) world.keep(run, 131073);
    while (void* const slice = emma_aligned_alloc(131072, 65536)) world.keep(slice, 65536);
}

void wake_helper(World& world) {
    if (world.helper == nullptr) return;
    g_sleeping.set(2);
    CHECK(emma_thread_join(world.helper, nullptr) == 0);
    world.helper = nullptr;
}

}  // namespace stepping

// SPDX-License-Identifier: MIT OR Apache-2.0
// What the set-ups of operations share: a population of objects, and other threads.
#include "tests/faults/stepping/operation.h"
#include "tests/freestanding/process.h"

namespace stepping {
namespace {

struct Errand {
    World* world;
    void (*work)(World& world);
    bool in_walk;
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

void* work_and_sleep(void*) {
    g_sleeper.work(*g_sleeper.world);
    const auto visit = [](void*, void*, std::size_t) {
        sleep();
        return false;
    };
    if (g_sleeper.in_walk) {
        emma_walk(visit, nullptr);
    } else {
        sleep();
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

void fill_arena(World& world) {
    populate(world);
    fill_arenas(world, 200000, 100);
    for (std::size_t size = 5; size <= 16; ++size) fill_arenas(world, size * 16 - 16, 1);
}

void on_other_thread(World& world, void (*work)(World& world)) {
    Errand errand{&world, work, false};
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, nullptr, run_errand, &errand) == 0);
    CHECK(emma_thread_join(thread, nullptr) == 0);
}

void with_sleeping_thread(World& world, void (*work)(World& world), bool in_walk) {
    g_sleeper = {&world, work, in_walk};
    CHECK(emma_thread_create(&world.helper, nullptr, work_and_sleep, nullptr) == 0);
    g_sleeping.wait_while(0);
}

void wake_helper(World& world) {
    if (world.helper == nullptr) return;
    g_sleeping.set(2);
    CHECK(emma_thread_join(world.helper, nullptr) == 0);
    world.helper = nullptr;
}

}  // namespace stepping

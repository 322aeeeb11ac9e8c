// SPDX-License-Identifier: MIT OR Apache-2.0
// Operations in the child of a fork of a process with threads. The heap of the thread that made
// the fork gets its new name with that thread's first slower operation; from then on those of the
// parent's other threads are adopted.
#include "tests/faults/stepping/operation.h"
#include "tests/freestanding/process.h"

namespace stepping {
namespace {

using Stats = struct emma_stats;

void one_errand(World& world) {
    populate_thinly(world);
    world.make_many(3, kUsual);
}
// The main thread and one more have heaps.
void two_with_heaps(World& world) {
    one_errand(world);
    with_sleeping_thread(world, one_errand, Asleep::kOutside);
}

// ---- the victim is the survivor

void survive(World& world) {
    populate(world);
    world.make_many(kUsualSlots, kUsual);  // nothing fast is left
    survive_fork(world);
}
void survive_and_be_idle(World& world) {
    one_errand(world);
    survive_fork(world);
}
void survive_with_litter(World& world) {
    one_errand(world);
    world.make(300000);
    world.free_one(world.count() - 1);
    survive_fork(world);
}
void survive_without_heap(World& world) { survive_fork(world); }
void survive_in_left_heap(World& world) {
    one_errand(world);
    leave_heap(world);
    survive_fork(world);
}
void survive_and_choose_foreign(World& world) {
    choose_last(world);  // the sleeping thread's
    one_errand(world);
    survive_fork(world);
}
void survive_and_choose_medium(World& world) {
    populate(world);
    world.make(20000);
    choose_last(world);
    survive_fork(world);
}

// ---- the main thread is the survivor, and has said so

void settled_child(World& world) {
    two_with_heaps(world);
    go_on_in_child(world);
    world.make_many(kUsualSlots, kUsual);
}
// ... and has not yet.
void unsettled_child(World& world) {
    two_with_heaps(world);
    go_on_in_child(world);
}
// The sleeping thread is gone from inside a walk, whose guard stays for good.
void child_of_walk(World& world) {
    one_errand(world);
    with_sleeping_thread(world, one_errand, Asleep::kInWalk);
    world.has_left_heap = true;
    go_on_in_child(world);
    world.make_many(kUsualSlots, kUsual);
}
// A heap whose thread was at work in it: nobody adopts it.
void child_with_stranded_heap(World& world) {
    one_errand(world);
    with_sleeping_thread(
        world,
        [](World& w) {
            one_errand(w);
            leave_heap(w);
        },
        Asleep::kOutside);
    go_on_in_child(world);
    world.make_many(kUsualSlots, kUsual);
}

// The victim has had a heap of the parent's.
void adopt_and_fill(World& world) {
    populate(world);
    world.make_many(kUsualSlots, kUsual);
}

void act_trim(World& world) { world.result = call(as_function(emma_trim)); }
void act_attach(World& world) { world.result = call(as_function(emma_thread_attach)); }
void act_detach(World&) { (void)call(as_function(emma_thread_detach)); }
void expect_zero(World& world) { CHECK(static_cast<int>(world.result) == 0); }

// How many heaps of the parent's threads the next threads adopt, which live at the same time.
struct Adopters {
    Phase phase;
    emma_thread* thread;
} g_adopters[2];
void* allocate_and_wait(void* argument) {
    Adopters& self = *static_cast<Adopters*>(argument);
    void* const object = emma_malloc(kUsual);
    CHECK(object != nullptr);
    self.phase.set(1);
    self.phase.wait_while(1);
    emma_free(object);
    return nullptr;
}
void proves_settled(const World&, const Stats&, const Stats& after) {
    for (Adopters& adopter : g_adopters) {
        CHECK(emma_thread_create(&adopter.thread, nullptr, allocate_and_wait, &adopter) == 0);
        adopter.phase.wait_while(0);
    }
    struct emma_stats now;
    emma_stats(&now);
    for (Adopters& adopter : g_adopters) {
        adopter.phase.set(2);
        CHECK(emma_thread_join(adopter.thread, nullptr) == 0);
    }
    if (kThreadHeaps)
        CHECK(now.adopted_heaps == after.adopted_heaps + 2 && now.heaps == after.heaps);
}
void proves_adoption(const World&, const Stats& before, const Stats& after) {
    if (kThreadHeaps)
        CHECK(after.adopted_heaps == before.adopted_heaps + 1 && after.heaps == before.heaps);
}
void proves_no_adoption(const World&, const Stats& before, const Stats& after) {
    if (kThreadHeaps)
        CHECK(after.adopted_heaps == before.adopted_heaps && after.heaps == before.heaps + 1);
}
void proves_giving_back(const World&, const Stats& before, const Stats& after) {
    CHECK(after.system_calls > before.system_calls);
}
constexpr Operation kRows[] = {
    {"fork-malloc-settle", two_with_heaps, survive, act_malloc<kUsual>, keep_result<kUsual>,
     proves_settled, 1},
    {"fork-malloc-fast", two_with_heaps, survive_and_be_idle, act_malloc<kUsual>,
     keep_result<kUsual>, nullptr, 1},
    {"fork-malloc-first", two_with_heaps, survive_without_heap, act_malloc<kUsual>,
     keep_result<kUsual>, nullptr, 1},
    {"fork-malloc-borrow", two_with_heaps, survive_in_left_heap, act_malloc<kUsual>,
     keep_result<kUsual>, nullptr, 2},
    {"fork-free-settle", two_with_heaps, survive_and_choose_medium, act_free, nullptr,
     proves_one_less, 1},
    {"fork-free-remote", two_with_heaps, survive_and_choose_foreign, act_free, nullptr,
     proves_one_less, 1},
    {"fork-thread_attach", two_with_heaps, survive_in_left_heap, act_attach, expect_zero, nullptr,
     0},
    {"fork-thread_detach", two_with_heaps, survive_and_be_idle, act_detach, nullptr, nullptr, 0},
    {"fork-trim", two_with_heaps, survive_with_litter, act_trim, nullptr, proves_giving_back, 640},
    {"fork-malloc-adopt", settled_child, nullptr, act_malloc<kUsual>, keep_result<kUsual>,
     proves_adoption, 1},
    {"fork-malloc-early", unsettled_child, nullptr, act_malloc<kUsual>, keep_result<kUsual>,
     proves_no_adoption, 1},
    {"fork-malloc-adopt-walker", child_of_walk, nullptr, act_malloc<kUsual>, keep_result<kUsual>,
     proves_adoption, 1},
    {"fork-malloc-stranded", child_with_stranded_heap, nullptr, act_malloc<kUsual>,
     keep_result<kUsual>, proves_no_adoption, 1},
    {"fork-malloc-adopted", settled_child, adopt_and_fill, act_malloc<kUsual>, keep_result<kUsual>,
     nullptr, 1},
};

}  // namespace

const OperationTable kForked{kRows, sizeof kRows / sizeof *kRows};

}  // namespace stepping

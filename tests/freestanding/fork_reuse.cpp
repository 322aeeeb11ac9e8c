// SPDX-License-Identifier: MIT OR Apache-2.0
// In the child of a fork only the thread that made it goes on, and the heaps of all others are left
// behind at whatever they were doing. The child frees what those threads allocated, and its own new
// threads adopt the heaps that were idle, the parent's main thread's too; one that was at work
// keeps its heap for ever, and emma_stats counts it.
//
// TEST-QEMU: no, its own locks do not outlive a fork beside threads
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/process.h"

namespace {

constexpr std::size_t kWorkers = 3, kObjects = 2000;
constexpr bool kWays[] = {false, true};  // fork(2), clone(2)

struct Worker {
    void* objects[kObjects];
    process::Phase phase;  // 1: has allocated, 2: may go on, 3: is done
    emma_thread* thread;
    int status;
};
Worker g_workers[kWorkers];
void* g_mains[kObjects];

struct emma_stats stats_now() {
    struct emma_stats stats;
    emma_stats(&stats);
    return stats;
}

void allocate_all(void** objects) {
    for (std::size_t i = 0; i < kObjects; i++) {
        objects[i] = emma_malloc(64);
        CHECK(objects[i] != nullptr);
        test_fill(objects[i], 64, i);
    }
}
void free_all(void** objects) {
    for (std::size_t i = 0; i < kObjects; i++) {
        CHECK(test_verify(objects[i], 64, i));
        emma_free(objects[i]);
    }
}

void* allocate_and_wait(void* argument) {
    auto* const phase = static_cast<process::Phase*>(argument);
    void* own[kObjects];
    allocate_all(own);
    phase->set(1);
    phase->wait_while(1);
    free_all(own);
    return nullptr;
}

// The child's whole life, in the thread of `survivor`, whose objects are its own; -1: the main
// thread.
void live_as_child(long survivor) {
    const struct emma_stats before = stats_now();
    for (std::size_t i = 0; i < kWorkers; i++) free_all(g_workers[i].objects);
    free_all(g_mains);
    // More than a slab of its own, so that its heap has gone the slower ways.
    for (int i = 0; i < 3000; i++) CHECK(emma_malloc(32) != nullptr);
    emma_thread* threads[kWorkers];
    process::Phase phases[kWorkers];
    for (std::size_t i = 0; i < kWorkers; i++)
        CHECK(emma_thread_create(&threads[i], nullptr, allocate_and_wait, &phases[i]) == 0);
    for (process::Phase& phase : phases) phase.wait_while(0);
    const struct emma_stats after = stats_now();
    test_report("survivor", static_cast<std::uint64_t>(survivor + 1));
    test_report("heaps", after.heaps);
    test_report("adopted in the child", after.adopted_heaps - before.adopted_heaps);
    // Three were left behind: the two workers' and the main thread's, or the three workers'.
    const bool has_thread_heaps = before.heaps >= kWorkers + 1;
    if (has_thread_heaps) {
        CHECK(after.heaps == before.heaps);
        CHECK(after.adopted_heaps == before.adopted_heaps + kWorkers);
    }
    CHECK(after.stranded_heaps == 0);
    for (std::size_t i = 0; i < kWorkers; i++) {
        phases[i].set(2);
        CHECK(emma_thread_join(threads[i], nullptr) == 0);
    }
    test_check_all();
    // Everything that was freed can be had back, what the parent's threads allocated as well.
    emma_trim();
    CHECK(stats_now().live_objects < before.live_objects);
}

int fork_and_live(long survivor, bool through_clone) {
    const long child = process::fork_process(through_clone);
    if (child != 0) return process::wait_for_process(child);
    process::limit_time(30);
    live_as_child(survivor);
    // And a grandchild, which finds the heaps of the child's threads that have ended, or idle.
    const long grandchild = process::fork_process(!through_clone);
    if (grandchild == 0) {
        allocate_all(g_mains);
        free_all(g_mains);
        test_check_all();
        process::end_process(0);
    }
    CHECK(process::wait_for_process(grandchild) == 0);
    process::end_process(0);
}

void* work(void* argument) {
    auto* const worker = static_cast<Worker*>(argument);
    allocate_all(worker->objects);
    worker->phase.set(1);
    worker->phase.wait_while(1);
    for (const bool through_clone : kWays)
        worker->status |= fork_and_live(worker - g_workers, through_clone);
    return nullptr;
}

}  // namespace

int main() {
    process::limit_time(50);
    process::register_for_barriers();
    allocate_all(g_mains);
    for (Worker& worker : g_workers) {
        CHECK(emma_thread_create(&worker.thread, nullptr, work, &worker) == 0);
        worker.phase.wait_while(0);
    }
    // By the main thread, then by each of the others while the rest sleeps.
    for (const bool through_clone : kWays) CHECK(fork_and_live(-1, through_clone) == 0);
    for (Worker& worker : g_workers) {
        worker.phase.set(2);
        CHECK(emma_thread_join(worker.thread, nullptr) == 0);
        CHECK(worker.status == 0);
    }
    test_check_all();
    return 0;
}

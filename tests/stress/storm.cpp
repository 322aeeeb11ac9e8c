// SPDX-License-Identifier: MIT OR Apache-2.0
// Storms over four threads that allocate: signals whose handlers allocate, jumps out of handlers,
// forks, deaths of threads, and all at once. Contents are verified all the time, emma_check holds,
// and in the end nothing is live but what operations that never ended had in their hands.
//
//   storm KIND [SEED [AMOUNT]]
//
//   signals  AMOUNT seconds: timers as fast as their handlers end, in every thread
//   jumps    the same, and some handlers leave by longjmp
//   forks    AMOUNT forks, half of them in a handler that interrupted the allocator
//   deaths   AMOUNT threads end by exit(2) wherever they are
//   all      AMOUNT seconds of it all
//
// Where seconds are given it lasts until each fault has happened, if that takes longer.
//
// Seed 0: a new one. The schedule is the kernel's, so a seed repeats the operations, not the storm.
// No forks under QEMU: its own locks do not outlive a fork beside threads.
//
// TEST-ARGS: signals 0 3
// TEST-ARGS: jumps 0 2
// TEST-ARGS: forks 0 100
// TEST-ARGS: deaths 0 200
// TEST-ARGS: all 0 4
// TEST-QEMU: signals 0 1
// TEST-QEMU: jumps 0 1
// TEST-QEMU: deaths 0 40
// TEST-KIND: static
// TEST-LIMIT: 120
// TEST-CALLS: rt_sigaction rt_sigreturn nanosleep clock_gettime setitimer alarm fork wait4
// TEST-CALLS: gettid restart_syscall timer_create timer_settime timer_delete clone:0=17 tgkill:2=12
#include "tests/stress/limited.h"
#include "tests/stress/storm_threads.h"

namespace storm {
namespace {

constexpr std::size_t kWorkerCount = 4, kKeptCount = 100;
constexpr std::uint64_t kChildSeconds = 60;

// What a storm may take in bytes, what an operation that never ended may add, and what stays mapped
// when nothing is live: about four times what was seen. Heaps: one for each thread and for each
// handler in it; of three operations that never end at most one takes its heap along.
constexpr std::size_t kMostMapped = 256 << 20, kMostLost = 4 << 20, kMostKept = 1 << 20;
constexpr std::size_t kMostHeaps = (kWorkerCount + 1) * 4;

struct Kind {
    const char* name;
    unsigned faults;
    bool is_timed;  // the amount is seconds
    std::uint64_t usual_amount;
};
constexpr Kind kKinds[] = {
    {"signals", kSignals, true, 120},
    {"jumps", kSignals | kJumps, true, 120},
    {"forks", kForks, false, 10000},
    {"deaths", kDeaths, false, 2000},
    {"all", kSignals | kJumps | kForks | kDeaths, true, 120},
};

Worker g_workers[kWorkerCount];
Worker g_main;
Object* g_kept[kKeptCount];  // never touched but in children, which free every second one
std::uint64_t g_deaths = 0;

// ---- in the child of a fork

void* work_a_little(void* argument) {
    auto* worker = static_cast<Worker*>(argument);
    for (unsigned i = 0; i < 100; i++) operate(worker->own, &worker->random);
    return nullptr;
}

void run_thread(Worker& worker) {
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, nullptr, work_a_little, &worker) == 0);
    CHECK(emma_thread_join(thread, nullptr) == 0);
}

void end_what_others_left() {
    g_shared.end_all();
    g_main.own.end_all();
    for (Worker& worker : g_workers) worker.own.end_all();
}

}  // namespace

void be_child(Worker& worker, unsigned generation) {
    process::limit_time(kChildSeconds);
    set_signal_mask(0);
    worker.has_timers = false;  // a fork leaves them behind
    test_random random = {worker.handler_random.state};
    for (std::size_t i = 0; i < kKeptCount; i += 2) {
        end(g_kept[i]);
        g_kept[i] = nullptr;  // for the child's own children
    }
    for (unsigned i = 0; i < 200; i++) operate(worker.own, &random);
    if (test_below(&random, 4) == 0) end_what_others_left();
    if (test_below(&random, 8) == 0) run_thread(worker);
    if (generation < 2 && test_below(&random, 16) == 0) fork_and_wait(worker, generation + 1);
    if (test_below(&random, 8) == 0) emma_trim();
    verify_invariants();
    for (std::size_t i = 1; i < kKeptCount; i += 2) verify(g_kept[i]);
    process::end_process(0);
}

namespace {

// ---- the storms

bool equal(const char* left, const char* right) {
    while (*left != '\0' && *left == *right) left++, right++;
    return *left == *right;
}

// The main thread works until a handler of its own has forked.
void fork_in_handler() {
    g_main.must_fork = true;
    arm_timer(g_main, 0);
    while (g_main.must_fork) operate(g_main.own, &g_main.random);
}

void storm_forks(std::uint64_t count, test_random* random) {
    g_main.id = emma_syscall(__NR_gettid);
    make_timers(g_main);
    while (g_forks < count) {
        if (test_below(random, 2) == 0) {
            fork_in_handler();
        } else {
            fork_and_wait(g_main, 0);
        }
    }
    delete_timers(g_main);
}

void kill_one(test_random* random, std::uint64_t longest_life) {
    sleep_nanoseconds(test_below(random, longest_life));
    kill_and_replace(g_workers[test_below(random, kWorkerCount)], random);
    g_deaths++;
}

std::uint64_t sum(volatile std::uint64_t Worker::*counter) {
    std::uint64_t total = g_main.*counter;
    for (const Worker& worker : g_workers) total += worker.*counter;
    return total;
}

// A machine with much else to do may take longer.
bool all_have_happened() {
    return ((g_faults & kSignals) == 0 || sum(&Worker::nested) != 0) &&
           ((g_faults & kForks) == 0 || g_forks != 0) &&
           ((g_faults & kDeaths) == 0 || g_deaths != 0);
}

void storm_seconds(std::uint64_t seconds, test_random* random) {
    const std::uint64_t end = now_nanoseconds() + seconds * 1000000000;
    g_jumps_left = 20 + 3 * seconds;
    set_profiling_timer(1);
    while (now_nanoseconds() < end || !all_have_happened()) {
        if ((g_faults & kDeaths) != 0) {
            kill_one(random, 300000000);
        } else {
            sleep_nanoseconds(10000000);
        }
    }
    set_profiling_timer(0);
}

void strike(const Kind& kind, std::uint64_t amount, test_random* random) {
    if (kind.is_timed) {
        storm_seconds(amount, random);
    } else if (kind.faults == kForks) {
        storm_forks(amount, random);
    } else {
        while (g_deaths < amount) kill_one(random, 2000000);
    }
}

// ---- before and after

void begin(test_random* random) {
    g_heap = emma_heap_create(nullptr);
    CHECK(g_heap != nullptr);
    for (Object*& object : g_kept) object = make(random);
    g_main.random.state = test_next(random) | 1;
    g_main.handler_random.state = test_next(random) | 1;
    t_worker = &g_main;
    install_handlers();
    for (Worker& worker : g_workers) start(worker, random);
}

void stop() {
    __atomic_store_n(&g_stop, true, __ATOMIC_RELAXED);
    for (Worker& worker : g_workers) join(worker);
}

void report_storm() {
    test_report("handlers", sum(&Worker::handled));
    test_report("handlers that interrupted another", sum(&Worker::nested));
    test_report("forks", g_forks);
    test_report("deaths", g_deaths);
    test_report("jumps", g_jumps);
    test_report("operations that never ended", g_abandoned);
    CHECK(all_have_happened());
}

bool free_object(void* context, void* object, std::size_t) {
    auto* heap = static_cast<emma_heap*>(context);
    if (heap == nullptr) {
        emma_free(object);
    } else {
        emma_heap_free(heap, object);
    }
    return true;
}

std::size_t count_live() {
    struct emma_stats stats, heap_stats;
    emma_stats(&stats);
    emma_heap_stats(g_heap, &heap_stats);
    return stats.live_objects + heap_stats.live_objects;
}

// An operation that never ended keeps what it had in hand and the heap in which it was at work. It
// may have been visiting another heap, which is then never visited again; and where it was looking
// at arenas none is unmapped any more, so what was mapped at most may stay.
void verify_what_is_lost() {
    const std::size_t lost = count_live();
    test_report("objects lost", lost);
    CHECK(lost <= kMostInHand * g_abandoned);
    emma_walk(free_object, nullptr);
    emma_heap_walk(g_heap, free_object, g_heap);
    CHECK(count_live() == 0);
    emma_trim();
    struct emma_stats stats;
    emma_stats(&stats);
    const bool is_whole = g_abandoned == 0;
    // Nobody asks the system whether the holder of a heap has died.
    CHECK(stats.heaps <= kMostHeaps + g_abandoned / (is_limited() ? 1 : 3));
    CHECK(stats.mapped_peak_bytes <= kMostMapped + g_abandoned * kMostLost);
    if (is_whole) CHECK(stats.mapped_bytes <= kMostKept);
    test_report("heaps", stats.heaps);
    test_report("heaps known to be stranded", stats.stranded_heaps);
    test_report("mapped in the end, KiB", stats.mapped_bytes >> 10);
    test_report("mapped at most, KiB", stats.mapped_peak_bytes >> 10);
}

void finish() {
    stop();
    end_what_others_left();
    for (Object* object : g_kept) end(object);
    verify_invariants();
    report_storm();
    verify_what_is_lost();
    verify_invariants();
    emma_heap_destroy(g_heap);
}

}  // namespace
}  // namespace storm

int main(int argc, char** argv) {
    using namespace storm;
    limit_if_asked();
    const Kind* kind = nullptr;
    for (const Kind& candidate : kKinds)
        if (argc > 1 && equal(argv[1], candidate.name)) kind = &candidate;
    if (kind == nullptr) {
        test_print("usage: storm signals|jumps|forks|deaths|all [SEED [AMOUNT]]\n");
        return 2;
    }
    std::uint64_t seed = test_argument(argc, argv, 2, 0);
    if (seed == 0) seed = *reinterpret_cast<const std::uint64_t*>(emma_getauxval(25)) >> 16 | 1;
    test_report("seed", seed);
    test_random random = {seed};
    g_faults = kind->faults;
    begin(&random);
    strike(*kind, test_argument(argc, argv, 3, kind->usual_amount), &random);
    finish();
    return 0;
}

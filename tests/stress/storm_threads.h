// SPDX-License-Identifier: MIT OR Apache-2.0
// The threads of a storm and what strikes them: two timers for each thread, as fast as its handlers
// end, and the profiling timer of the process; every handler may interrupt the others. A handler
// uses the allocator like the thread that it interrupted, and sometimes leaves by a jump, forks, or
// ends the thread.
#pragma once

#include "tests/freestanding/process.h"
#include "tests/stress/storm_objects.h"

namespace storm {

// What may happen.
enum : unsigned { kSignals = 1, kJumps = 2, kForks = 4, kDeaths = 8 };
inline unsigned g_faults = 0;

inline constexpr unsigned kTimerSignals[] = {SIGUSR1, SIGURG};
inline constexpr unsigned kTimerCount = 2;
inline constexpr std::uint64_t kHandlersPerJump = 3000, kHandlersPerFork = 4000;

// Operations that were begun and will never end; each may hold kMostInHand objects and a heap.
inline std::uint64_t g_abandoned = 0, g_jumps = 0, g_forks = 0;
inline std::uint64_t g_jumps_left = 0;  // each may cost a heap with all that is in it
inline bool g_stop = false;

struct Worker {
    test_random random, handler_random;
    Places<128> own;  // passes to the thread's successor
    emma_thread* thread;
    long id;  // of the thread in the kernel; 0 until it is at work
    int timers[kTimerCount];
    bool has_timers;
    void* jump_buffer[5];
    bool may_jump;
    volatile bool must_fork;  // the next handler shall
    volatile unsigned depth;  // of handlers
    volatile std::uint64_t handled, nested;
};
inline constinit thread_local Worker* t_worker = nullptr;

inline void add(std::uint64_t* counter, std::uint64_t count) {
    __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
}

// ---- time

inline std::uint64_t now_nanoseconds() {
    std::int64_t time[2];
    CHECK(emma_syscall(__NR_clock_gettime, 1L, time) == 0);  // CLOCK_MONOTONIC
    return static_cast<std::uint64_t>(time[0]) * 1000000000 + static_cast<std::uint64_t>(time[1]);
}

inline void sleep_nanoseconds(std::uint64_t nanoseconds) {
    const std::uint64_t time[2] = {0, nanoseconds};
    emma_syscall(__NR_nanosleep, time, 0L);
}

inline void make_timers(Worker& worker) {
    for (unsigned i = 0; i < kTimerCount; i++) {
        // struct sigevent: value, signal, SIGEV_THREAD_ID, thread.
        std::uint32_t event[16] = {0, 0, kTimerSignals[i], 4,
                                   static_cast<std::uint32_t>(worker.id)};
        CHECK(emma_syscall(__NR_timer_create, 1L, event, &worker.timers[i]) == 0);
    }
    worker.has_timers = true;
}

inline void delete_timers(Worker& worker) {
    if (!worker.has_timers) return;
    for (const int timer : worker.timers) CHECK(emma_syscall(__NR_timer_delete, long{timer}) == 0);
    worker.has_timers = false;
}

// One signal, soon: a periodic timer could leave no time between two handlers. Times of every
// magnitude, as between two handlers anything from an instruction to some operations shall fit; the
// first timer is the faster, so that the second one's signals find its handler at work.
inline void arm_timer(Worker& worker, unsigned index) {
    test_random* random = &worker.handler_random;
    const std::uint64_t most = std::uint64_t{2000} << (test_below(random, 5) + 2 * index);
    const std::uint64_t time[4] = {0, 0, 0, 500 + test_below(random, most)};
    CHECK(emma_syscall(__NR_timer_settime, long{worker.timers[index]}, 0L, time, 0L) == 0);
}

inline void arm_timers(Worker& worker) {
    for (unsigned i = 0; i < kTimerCount; i++) arm_timer(worker, i);
}

inline void set_profiling_timer(std::uint64_t microseconds) {
    const std::uint64_t time[4] = {0, microseconds, 0, microseconds};
    CHECK(emma_syscall(__NR_setitimer, 2L, time, 0L) == 0);  // ITIMER_PROF: SIGPROF
}

inline std::uint64_t set_signal_mask(std::uint64_t mask) {
    std::uint64_t old = 0;
    CHECK(emma_syscall(__NR_rt_sigprocmask, 2L, &mask, &old, 8L) == 0);  // SIG_SETMASK
    return old;
}

// ---- faults

void be_child(Worker& worker, unsigned generation);  // storm.cpp; does not return

// No handler may end the thread while it waits: the child's verdict would be lost.
inline void fork_and_wait(Worker& worker, unsigned generation) {
    const std::uint64_t mask = set_signal_mask(~std::uint64_t{0});
    const bool through_clone = test_below(&worker.handler_random, 4) == 0;
    const long child = process::fork_process(through_clone);
    if (child == 0) be_child(worker, generation);
    const int status = process::wait_for_process(child);
    if (status != 0) test_report("a child ended with status", static_cast<unsigned>(status));
    CHECK(status == 0);
    add(&g_forks, 1);
    set_signal_mask(mask);
}

inline bool take_jump() {
    const std::uint64_t left = __atomic_load_n(&g_jumps_left, __ATOMIC_RELAXED);
    std::uint64_t expected = left;
    return left != 0 && __atomic_compare_exchange_n(&g_jumps_left, &expected, left - 1, false,
                                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

[[noreturn]] inline void jump_out(Worker& worker) {
    set_signal_mask(~std::uint64_t{0});
    add(&g_jumps, 1);
    add(&g_abandoned, worker.depth);
    worker.depth = 0;
    __builtin_longjmp(worker.jump_buffer, 1);
}

inline void maybe_fail(Worker& worker) {
    test_random* random = &worker.handler_random;
    const bool by_chance = (g_faults & kSignals) != 0 && test_below(random, kHandlersPerFork) == 0;
    if ((g_faults & kForks) != 0 && (worker.must_fork || by_chance)) {
        worker.must_fork = false;
        fork_and_wait(worker, 0);
    }
    if ((g_faults & kJumps) != 0 && worker.may_jump && test_below(random, kHandlersPerJump) == 0 &&
        take_jump())
        jump_out(worker);
}

// QEMU's user mode may enter a handler with a stack that is off by 8, against psABI 3.2.2.
[[gnu::force_align_arg_pointer]] inline void on_signal(int signal) {
    Worker* const worker = t_worker;
    if (worker == nullptr) return;
    worker->handled = worker->handled + 1;
    if (worker->depth != 0) worker->nested = worker->nested + 1;
    worker->depth = worker->depth + 1;
    for (std::uint64_t i = test_below(&worker->handler_random, 4) + 1; i != 0; i--)
        operate(worker->own, &worker->handler_random);
    maybe_fail(*worker);
    for (unsigned i = 0; i < kTimerCount; i++)
        if (static_cast<unsigned>(signal) == kTimerSignals[i] && worker->has_timers &&
            !__atomic_load_n(&g_stop, __ATOMIC_RELAXED))
            arm_timer(*worker, i);
    worker->depth = worker->depth - 1;
}

[[noreturn]] inline void on_death(int) {
    add(&g_abandoned, t_worker->depth + 1);
    process::end_thread();
}

inline void install_handlers() {
    for (const unsigned signal : kTimerSignals)
        process::install_handler(long{signal}, reinterpret_cast<void*>(on_signal), 0);
    process::install_handler(SIGPROF, reinterpret_cast<void*>(on_signal), 0);
    // With all others blocked: a handler that came between the signal and its handler's first
    // instruction could jump past it, and the thread would never end.
    process::install_handler(SIGUSR2, reinterpret_cast<void*>(on_death), 0, ~std::uintptr_t{0});
}

// ---- the threads' work

// Where a handler's jump leads. The thread works on with borrowed heaps, until it asks for a heap
// of its own.
[[gnu::noinline]] inline void land() {
    Worker& worker = *t_worker;
    if (worker.has_timers) arm_timers(worker);
    set_signal_mask(0);
    if (test_below(&worker.random, 2) == 0) return;
    for (unsigned i = 0; i < 100; i++) operate(worker.own, &worker.random);
    CHECK(emma_thread_attach() == 0);
}

[[gnu::noinline]] inline void work_until_stopped() {
    if (__builtin_setjmp(t_worker->jump_buffer) != 0) land();
    t_worker->may_jump = true;
    while (!__atomic_load_n(&g_stop, __ATOMIC_RELAXED)) operate(t_worker->own, &t_worker->random);
    t_worker->may_jump = false;
}

inline void* be_worker(void* argument) {
    auto* worker = static_cast<Worker*>(argument);
    t_worker = worker;
    const long id = emma_syscall(__NR_gettid);
    __atomic_store_n(&worker->id, id, __ATOMIC_RELEASE);
    work_until_stopped();
    return nullptr;
}

// ---- starting and ending threads

inline void start(Worker& worker, test_random* random) {
    worker.random.state = test_next(random) | 1;
    worker.handler_random.state = test_next(random) | 1;
    worker.id = 0;
    worker.depth = 0;
    CHECK(emma_thread_create(&worker.thread, nullptr, be_worker, &worker) == 0);
    while (__atomic_load_n(&worker.id, __ATOMIC_ACQUIRE) == 0) sleep_nanoseconds(20000);
    if ((g_faults & kSignals) == 0) return;
    make_timers(worker);
    arm_timers(worker);
}

inline void join(Worker& worker) {
    CHECK(emma_thread_join(worker.thread, nullptr) == 0);
    delete_timers(worker);
}

inline void kill_and_replace(Worker& worker, test_random* random) {
    const long process = emma_syscall(__NR_getpid);
    CHECK(emma_syscall(__NR_tgkill, process, worker.id, long{SIGUSR2}) == 0);
    join(worker);
    start(worker, random);
}

}  // namespace storm

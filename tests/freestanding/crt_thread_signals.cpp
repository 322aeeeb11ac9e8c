// SPDX-License-Identifier: MIT OR Apache-2.0
// Signals that arrive at a thread's first and last instructions: a timer interrupts threads that
// are created, joined and detached all the time, and its handler uses stack, TLS and the handle of
// whatever thread it hits.
// TEST-LIMIT: 60
#include <linux/time.h>
#include <sys/syscall.h>

#include "tests/freestanding/test.h"

namespace {

thread_local int initialised = 77;
thread_local long handled_count;
constinit long all_handled_count = 0;
constinit int ended_count = 0;

void handler(int) {
    char scratch[512];
    test_fill(scratch, sizeof scratch, 5);
    CHECK(initialised == 77);
    CHECK(emma_thread_self() != nullptr);
    ++handled_count;
    __atomic_fetch_add(&all_handled_count, 1, __ATOMIC_RELAXED);
    CHECK(test_verify(scratch, sizeof scratch, 5));
}

// The kernel's structure; it returns from a handler through `restorer` only.
struct Action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)();
    unsigned long mask;
};

[[gnu::naked]] void return_from_signal() { asm("movl $15, %eax; syscall"); }

void start_timer() {
    const Action action = {handler, 0x04000000, return_from_signal, 0};  // SA_RESTORER
    CHECK(emma_syscall(SYS_rt_sigaction, 14L, &action, 0L, 8L) == 0);
    const itimerval period = {{0, 97}, {0, 97}};  // microseconds
    CHECK(emma_syscall(SYS_setitimer, 0L, &period, 0L) == 0);
}

void* short_life(void*) {
    CHECK(initialised == 77);
    __atomic_fetch_add(&ended_count, 1, __ATOMIC_RELEASE);
    return nullptr;
}

}  // namespace

int main() {
    const emma_thread_options detached = {0, EMMA_THREAD_DETACHED};
    start_timer();
    constexpr int kThreads = 3000;
    for (int count = 0; count < kThreads; ++count) {
        if (count % 2 == 0) {
            CHECK(emma_thread_create(nullptr, &detached, short_life, nullptr) == 0);
            continue;
        }
        emma_thread* thread = nullptr;
        CHECK(emma_thread_create(&thread, nullptr, short_life, nullptr) == 0);
        CHECK(emma_thread_join(thread, nullptr) == 0);
    }
    while (__atomic_load_n(&ended_count, __ATOMIC_ACQUIRE) != kThreads)
        emma_syscall(SYS_sched_yield);
    CHECK(__atomic_load_n(&all_handled_count, __ATOMIC_RELAXED) > 0);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// A program that gives up ends, by SIGILL and after a line that says why, whatever handlers of the
// program's stand in the way; exit ends it too: in the child of a fork beside it, and called within
// itself. Each case in a child that an alarm would end.
// TEST-LIMIT: 30
#include "tests/freestanding/crt_child.h"
#include "tests/freestanding/process.h"

#include <emma.h>

extern "C" [[noreturn]] void abort();
extern "C" [[noreturn]] void exit(int status);
extern "C" int atexit(void (*function)());

// Not in the unnamed namespace: there gcc sees that only one override exists, and calls that.
struct Base {
    Base() { call(); }
    void call() { static_cast<Base*>(test_opaque_pointer(this))->pure(); }
    virtual void pure() = 0;
};
struct Derived : Base {
    void pure() override {}
};

namespace {

constexpr int kSaw = 70;  // a handler ran that must not
constexpr int kEndedByExit = 7;

// ---- by SIGILL

void end_from_handler(int) { test_exit(kSaw); }
void return_from_handler(int) {}

constexpr long kDeadly[] = {SIGILL, SIGABRT, SIGSEGV, SIGTRAP};
template <void (*kBody)()>
void with_returning_handlers() {
    for (const long signal : kDeadly)
        process::install_handler(signal, reinterpret_cast<void*>(return_from_handler));
    kBody();
}
template <void (*kBody)()>
void with_leaving_handlers() {
    for (const long signal : kDeadly)
        process::install_handler(signal, reinterpret_cast<void*>(end_from_handler));
    kBody();
}
template <void (*kBody)()>
void with_signals_ignored() {
    process::install_handler(SIGILL, reinterpret_cast<void*>(1));  // SIG_IGN
    kBody();
}
template <void (*kBody)()>
void* in_thread(void*) {
    with_returning_handlers<kBody>();
    return nullptr;
}
template <void (*kBody)()>
void in_other_thread() {
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, nullptr, in_thread<kBody>, nullptr) == 0);
    emma_thread_join(thread, nullptr);
}

// `line` as it begins.
template <void (*kBody)()>
void expect_trap(const char* line) {
    void (*const bodies[])() = {kBody, with_returning_handlers<kBody>, with_leaving_handlers<kBody>,
                                with_signals_ignored<kBody>, in_other_thread<kBody>};
    for (void (*body)() : bodies) {
        const child_end end = run_child(body);
        if (end.exited || end.value != kSignalIll || !starts_with(end.output, line))
            test_print(end.output);
        CHECK(!end.exited && end.value == kSignalIll);
        CHECK(starts_with(end.output, line));
    }
}

void calls_abort() { abort(); }
void frees_twice() {
    void* object = test_opaque_pointer(emma_malloc(10));
    emma_free(object);
    emma_free(test_opaque_pointer(object));
}
void calls_pure() {
    Derived derived;
    test_opaque_pointer(&derived);
}

struct Recursive {
    Recursive();
    static Recursive& get() {
        static Recursive recursive;
        return recursive;
    }
    long value;
};
Recursive::Recursive() : value(get().value + 1) {}
void enters_again() { test_opaque(static_cast<std::size_t>(Recursive::get().value)); }

struct Interrupted {
    Interrupted();
    static Interrupted& get() {
        static Interrupted interrupted;
        return interrupted;
    }
    long value = 0;
};
void handle_by_static(int) { Interrupted::get().value++; }
Interrupted::Interrupted() {
    emma_syscall(__NR_tgkill, emma_syscall(__NR_getpid), emma_syscall(__NR_gettid), long{SIGUSR1});
}
void enters_in_handler() {
    process::install_handler(SIGUSR1, reinterpret_cast<void*>(handle_by_static));
    Interrupted::get();
}

// An initialisation that is given up may be tried again, by the same thread.
extern "C" int __cxa_guard_acquire(std::uint64_t* guard);
extern "C" void __cxa_guard_abort(std::uint64_t* guard);
extern "C" void __cxa_guard_release(std::uint64_t* guard);
void test_abandoned_guard() {
    static std::uint64_t guard = 0;
    CHECK(__cxa_guard_acquire(&guard) == 1);
    __cxa_guard_abort(&guard);
    CHECK(guard == 0 && __cxa_guard_acquire(&guard) == 1);
    __cxa_guard_release(&guard);
    CHECK((guard & 0xff) == 1 && __cxa_guard_acquire(&guard) == 0);
}

// ---- by exit

process::Phase g_phase;  // 1: a thread is in its exit; 2: the forked children are judged
long g_in_child;

// How the child of a fork beside exit ends.
enum class Way { kExit, kOtherThreadExits, kGrandchildExits };
Way g_way;

void expect_exit(long child) {
    const int status = process::wait_for_process(child);
    if (status != kEndedByExit << 8) test_report("status", static_cast<unsigned>(status));
    CHECK(status == kEndedByExit << 8);
}
void* exit_here(void*) { exit(kEndedByExit); }

[[noreturn]] void end_child() {
    process::limit_time(5);
    if (g_way == Way::kOtherThreadExits) {
        emma_thread* thread;
        CHECK(emma_thread_create(&thread, nullptr, exit_here, nullptr) == 0);
        emma_thread_join(thread, nullptr);  // exit ends it first
    }
    if (g_way == Way::kGrandchildExits) {
        const long child = process::fork_process(false);
        if (child != 0) expect_exit(child);
    }
    exit(kEndedByExit);
}

void* fork_beside_exit(void*) {
    g_phase.wait_while(0);
    const long child = process::fork_process(false);
    if (child == 0) {
        g_in_child = 1;
        end_child();
    }
    expect_exit(child);
    g_phase.set(2);
    for (;;) emma_syscall(__NR_pause);
}

// Runs in the thread that exits; in the child, whose copy of it was begun, never.
void wait_for_judgement() {
    if (g_in_child != 0) test_exit(kSaw);
    g_phase.set(1);
    g_phase.wait_while(1);
}

template <Way kWay>
void exits_beside_fork() {
    process::limit_time(10);
    g_way = kWay;
    CHECK(atexit(wait_for_judgement) == 0);
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, nullptr, fork_beside_exit, nullptr) == 0);
    exit(3);
}

// The second caller of exit sleeps; a handler wakes it, and its fork's child goes on to the end.
void fork_in_handler(int) {
    const long child = process::fork_process(false);
    if (child == 0) {
        g_in_child = 1;
        return;
    }
    expect_exit(child);
    g_phase.set(2);
}
long g_second_id;
void* exit_second(void*) {
    __atomic_store_n(&g_second_id, emma_syscall(__NR_gettid), __ATOMIC_RELEASE);
    g_phase.wait_while(0);
    exit(kEndedByExit);
}
void signal_second() {
    if (g_in_child != 0) test_exit(kSaw);
    long id;
    while ((id = __atomic_load_n(&g_second_id, __ATOMIC_ACQUIRE)) == 0) emma_syscall(24);
    g_phase.set(1);
    emma_syscall(__NR_tgkill, emma_syscall(__NR_getpid), id, long{SIGUSR1});
    g_phase.wait_while(1);
}
void exits_beside_sleeper() {
    process::limit_time(10);
    process::install_handler(SIGUSR1, reinterpret_cast<void*>(fork_in_handler));
    CHECK(atexit(signal_second) == 0);
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, nullptr, exit_second, nullptr) == 0);
    exit(3);
}

// A thread that a handler makes may call exit, and waits then as any other.
long g_handlers_run;
void make_thread_that_exits() {
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, nullptr, exit_here, nullptr) == 0);
    for (int turn = 0; turn < 100; ++turn) emma_syscall(24);
    g_handlers_run++;
}
void expect_one_before() {
    if (g_handlers_run != 1) test_exit(kSaw);
}
void exits_and_makes_thread() {
    process::limit_time(5);
    CHECK(atexit(expect_one_before) == 0 && atexit(make_thread_that_exits) == 0);
    exit(3);
}

// Within itself: each handler once, and the last status counts.
void exit_again() {
    g_handlers_run++;
    exit(static_cast<int>(g_handlers_run));
}
struct ExitsInDestructor {
    ~ExitsInDestructor() { exit_again(); }
};
void exit_in_handler(int) { exit_again(); }
void exits_within_exit() {
    process::limit_time(5);
    process::install_handler(SIGUSR1, reinterpret_cast<void*>(exit_in_handler));
    for (int count = 0; count < 40; ++count) CHECK(atexit(exit_again) == 0);
    CHECK(atexit([] {
              emma_syscall(__NR_tgkill, emma_syscall(__NR_getpid), emma_syscall(__NR_gettid),
                           long{SIGUSR1});
          }) == 0);
    static ExitsInDestructor of_program;
    thread_local ExitsInDestructor of_thread;
    test_opaque_pointer(&of_thread);
    exit(99);
}

void expect_status(void (*body)(), int status) {
    const child_end end = run_child(body);
    if (!end.exited || end.value != status) test_print(end.output);
    CHECK(end.exited && end.value == status);
}

}  // namespace

int main() {
    expect_trap<calls_abort>("emma: abort called\n");
    expect_trap<frees_twice>("emma: double free of ");
    expect_trap<calls_pure>("emma: pure virtual function called\n");
    expect_trap<enters_again>("emma: static local entered again");
    expect_trap<enters_in_handler>("emma: static local entered again");
    test_abandoned_guard();
    expect_status(exits_beside_fork<Way::kExit>, 3);
    expect_status(exits_beside_fork<Way::kOtherThreadExits>, 3);
    expect_status(exits_beside_fork<Way::kGrandchildExits>, 3);
    expect_status(exits_beside_sleeper, 3);
    expect_status(exits_and_makes_thread, 3);
    // 40 handlers, the signal's, two destructors.
    expect_status(exits_within_exit, 43);
}

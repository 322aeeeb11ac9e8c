// SPDX-License-Identifier: MIT OR Apache-2.0
// A function-local static is initialised once, however many threads come at the same time, and all
// of them see it complete; the virtual calls that cannot be made end with a line.
// TEST-LIMIT: 60
#include "tests/freestanding/crt_child.h"

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

constexpr int kThreads = 6;
constexpr int kRounds = 40;

constinit int constructed_count[kRounds] = {};
constinit int ready_count = 0;

struct Slow {
    explicit Slow(int round) {
        __atomic_fetch_add(&constructed_count[round], 1, __ATOMIC_RELAXED);
        for (int turn = 0; turn < 20; ++turn) emma_syscall(24);  // let the others arrive
        complete = 1;
    }
    int complete = 0;
};

// A static of its own for every round.
template <int kRound>
int get() {
    static Slow slow(kRound);
    return slow.complete;
}

template <int... kRound>
struct Table {
    static constexpr int (*kGet[])() = {get<kRound>...};
};

template <int kCount, int... kRound>
struct MakeTable : MakeTable<kCount - 1, kCount - 1, kRound...> {};
template <int... kRound>
struct MakeTable<0, kRound...> : Table<kRound...> {};

void* race(void*) {
    for (int round = 0; round < kRounds; ++round) {
        __atomic_fetch_add(&ready_count, 1, __ATOMIC_ACQ_REL);
        while (__atomic_load_n(&ready_count, __ATOMIC_ACQUIRE) < (round + 1) * kThreads) {
            emma_syscall(24);
        }
        CHECK(MakeTable<kRounds>::kGet[round]() == 1);
    }
    return nullptr;
}

void calls_pure() {
    Derived derived;
    test_opaque_pointer(&derived);
}

}  // namespace

int main() {
    emma_thread* threads[kThreads];
    for (emma_thread*& thread : threads) {
        CHECK(emma_thread_create(&thread, nullptr, race, nullptr) == 0);
    }
    for (emma_thread* thread : threads) CHECK(emma_thread_join(thread, nullptr) == 0);
    for (int count : constructed_count) CHECK(count == 1);
    const child_end end = run_child(calls_pure);
    CHECK(!end.exited && end.value == kSignalIll);
    CHECK(starts_with(end.output, "emma: pure virtual function called\n"));
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Threads: results, what each misuse returns, detaching before, during and after a thread's end,
// and joins that race with ends.
#include <errno.h>

#include "tests/freestanding/test.h"

namespace {

void* identity(void* argument) { return argument; }

void* leaves_early(void* argument) {
    emma_thread_exit(argument);
    return nullptr;
}

void* self(void*) { return emma_thread_self(); }

void* joins_itself(void*) {
    return reinterpret_cast<void*>(long{emma_thread_join(emma_thread_self(), nullptr)});
}

void* detaches_itself(void* flag) {
    CHECK(emma_thread_detach_handle(emma_thread_self()) == 0);
    CHECK(emma_thread_detach_handle(emma_thread_self()) == EINVAL);
    __atomic_fetch_add(static_cast<int*>(flag), 1, __ATOMIC_RELEASE);
    return nullptr;
}

void* sets_flag(void* flag) {
    __atomic_fetch_add(static_cast<int*>(flag), 1, __ATOMIC_RELEASE);
    return nullptr;
}

void* waits_for_flag(void* flag) {
    while (__atomic_load_n(static_cast<int*>(flag), __ATOMIC_ACQUIRE) == 0) emma_syscall(24);
    return nullptr;
}

void wait_until(const int& flag, int value) {
    while (__atomic_load_n(&flag, __ATOMIC_ACQUIRE) != value) emma_syscall(24);
}

emma_thread* start(emma_thread_function function, void* argument) {
    emma_thread* thread = nullptr;
    CHECK(emma_thread_create(&thread, nullptr, function, argument) == 0);
    CHECK(thread != nullptr);
    return thread;
}

void* result_of(emma_thread* thread) {
    void* result = nullptr;
    CHECK(emma_thread_join(thread, &result) == 0);
    return result;
}

void check_results() {
    int object = 0;
    CHECK(result_of(start(identity, &object)) == &object);
    CHECK(result_of(start(leaves_early, &object)) == &object);
    emma_thread* thread = start(self, nullptr);
    CHECK(result_of(thread) == thread);
    CHECK(emma_thread_self() != nullptr && emma_thread_self() != thread);
    CHECK(emma_thread_join(start(identity, nullptr), nullptr) == 0);
}

int create_with(size_t stack_bytes, unsigned flags) {
    const emma_thread_options options = {stack_bytes, flags};
    emma_thread* thread = emma_thread_self();
    const int error = emma_thread_create(&thread, &options, identity, nullptr);
    CHECK(error == 0 || thread == nullptr);
    if (error == 0) CHECK(emma_thread_join(thread, nullptr) == 0);
    return error;
}

void check_refused() {
    emma_thread* thread = nullptr;
    CHECK(emma_thread_create(&thread, nullptr, nullptr, nullptr) == EINVAL);
    CHECK(emma_thread_create(nullptr, nullptr, identity, nullptr) == EINVAL);
    CHECK(create_with(1, 0) == EINVAL && create_with(EMMA_THREAD_STACK_MIN - 1, 0) == EINVAL);
    CHECK(create_with(0, 2) == EINVAL);
    CHECK(create_with(~size_t{0}, 0) == ENOMEM && create_with(~size_t{0} - 8191, 0) == ENOMEM);
    CHECK(create_with(size_t{1} << 62, 0) == ENOMEM);
    CHECK(create_with(EMMA_THREAD_STACK_MIN, 0) == 0 && create_with(123457, 0) == 0);
    CHECK(emma_thread_join(nullptr, nullptr) == EINVAL);
    CHECK(emma_thread_detach_handle(nullptr) == EINVAL);
    CHECK(emma_thread_join(emma_thread_self(), nullptr) == EDEADLK);
    CHECK(emma_thread_detach_handle(emma_thread_self()) == EINVAL);
    CHECK(result_of(start(joins_itself, nullptr)) == reinterpret_cast<void*>(long{EDEADLK}));
}

void* joins_initial(void* initial) {
    CHECK(emma_thread_join(static_cast<emma_thread*>(initial), nullptr) == EINVAL);
    return nullptr;
}

void check_detached() {
    int flag = 0;
    const emma_thread_options options = {0, EMMA_THREAD_DETACHED};
    CHECK(emma_thread_create(nullptr, &options, sets_flag, &flag) == 0);
    wait_until(flag, 1);
    start(detaches_itself, &flag);
    wait_until(flag, 2);

    int go = 0;
    emma_thread* running = start(waits_for_flag, &go);
    CHECK(emma_thread_detach_handle(running) == 0);
    CHECK(emma_thread_join(running, nullptr) == EINVAL);
    CHECK(emma_thread_detach_handle(running) == EINVAL);
    __atomic_store_n(&go, 1, __ATOMIC_RELEASE);

    // Against the thread's end, at every distance that the scheduler gives.
    for (int round = 0; round < 300; ++round) {
        flag = 0;
        emma_thread* ending = start(sets_flag, &flag);
        for (int turn = round % 7; turn > 0; --turn) emma_syscall(24);
        if (round % 2 == 0) wait_until(flag, 1);
        CHECK(emma_thread_detach_handle(ending) == 0);
        wait_until(flag, 1);
    }
}

void check_many_at_once() {
    constexpr int kThreads = 64;
    emma_thread* threads[kThreads];
    for (long index = 0; index < kThreads; ++index) {
        threads[index] = start(identity, reinterpret_cast<void*>(index));
    }
    for (long index = 0; index < kThreads; ++index) {
        CHECK(result_of(threads[index]) == reinterpret_cast<void*>(index));
    }
}

}  // namespace

int main() {
    check_results();
    check_refused();
    CHECK(result_of(start(joins_initial, emma_thread_self())) == nullptr);
    check_detached();
    check_many_at_once();
}

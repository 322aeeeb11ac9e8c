// SPDX-License-Identifier: MIT OR Apache-2.0
// 2,000 threads one after another, joined, detached, and with pages of destructors: afterwards the
// process has the mappings that it had before.
// TEST-LIMIT: 60
#include "tests/freestanding/test.h"

extern "C" int __cxa_thread_atexit(void (*function)(void*), void* argument, void* dso);

namespace {

// Lines of /proc/self/maps.
int mapping_count() {
    const long file = emma_syscall(2, "/proc/self/maps", 0L);
    CHECK(file >= 0);
    int lines = 0;
    char bytes[4096];
    long got;
    while ((got = emma_syscall(0, file, bytes, static_cast<long>(sizeof bytes))) > 0) {
        for (long at = 0; at < got; ++at) lines += bytes[at] == '\n';
    }
    emma_syscall(3, file);
    return lines;
}

constinit int ended_count = 0;

void count_end(void*) { __atomic_fetch_add(&ended_count, 1, __ATOMIC_RELEASE); }

void* registers_many(void*) {
    // More than fit a thread's record, so that it maps a page for them.
    for (int count = 0; count < 20; ++count) __cxa_thread_atexit(count_end, nullptr, nullptr);
    return nullptr;
}

void* counts(void*) {
    count_end(nullptr);
    return nullptr;
}

}  // namespace

int main() {
    const int before = mapping_count();
    CHECK(before > 2);
    for (int count = 0; count < 1000; ++count) {
        emma_thread* thread = nullptr;
        CHECK(emma_thread_create(&thread, nullptr, registers_many, nullptr) == 0);
        CHECK(emma_thread_join(thread, nullptr) == 0);
        CHECK(ended_count == 20 * (count + 1));
    }
    CHECK(mapping_count() <= before + 1);
    ended_count = 0;
    const emma_thread_options detached = {0, EMMA_THREAD_DETACHED};
    for (int count = 0; count < 1000; ++count) {
        CHECK(emma_thread_create(nullptr, &detached, counts, nullptr) == 0);
        while (__atomic_load_n(&ended_count, __ATOMIC_ACQUIRE) != count + 1) emma_syscall(24);
    }
    // The last detached ones may still be on their way out.
    for (int turn = 0; mapping_count() > before + 1; ++turn) {
        CHECK(turn < 10000);
        emma_syscall(24);
    }
}

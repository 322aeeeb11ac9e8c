// SPDX-License-Identifier: MIT OR Apache-2.0
// A thread's heap outlives it and is adopted whole, whichever way the thread ended: many threads in
// sequence leave the footprint of one.
//
// TEST-LIMIT: 60
// TEST-QEMU: 1000
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/test.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>

namespace {

constexpr long kSysExit = 60;

struct emma_stats stats_now() {
    struct emma_stats stats;
    emma_stats(&stats);
    return stats;
}

// Leaves an object behind for the next thread, and frees what the last one left.
void* g_left = nullptr;
void use_the_heap() {
    void* objects[20];
    for (std::size_t i = 0; i < 20; i++) {
        objects[i] = emma_malloc(i * i * 16);
        CHECK(objects[i] != nullptr);
        test_fill(objects[i], i * i * 16, i);
    }
    emma_free(g_left);
    g_left = emma_malloc(1000);
    for (std::size_t i = 0; i < 20; i++) {
        CHECK(test_verify(objects[i], i * i * 16, i));
        emma_free(objects[i]);
    }
}

void* ends_by_return(void*) {
    use_the_heap();
    return nullptr;
}

void* ends_by_detach_of_the_heap(void*) {
    use_the_heap();
    emma_thread_detach();
    return nullptr;
}

// The crt never hears of this end: neither is the heap given back nor the stack.
void* ends_by_raw_exit(void*) {
    use_the_heap();
    emma_syscall(kSysExit, 0L);
    return nullptr;
}

void* leaves_an_object(void*) { return emma_malloc(3000); }

void* run(void* (*function)(void*)) {
    emma_thread* thread;
    void* result;
    CHECK(emma_thread_create(&thread, nullptr, function, nullptr) == 0);
    CHECK(emma_thread_join(thread, &result) == 0);
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t count = test_argument(argc, argv, 1, 20000);
    emma_free(emma_malloc(1));
    for (int i = 0; i < 100; i++) run(ends_by_return);
    const struct emma_stats early = stats_now();
    for (std::uint64_t i = 0; i < count; i++)
        run(i % 2 == 0 ? ends_by_return : ends_by_detach_of_the_heap);
    const struct emma_stats late = stats_now();
    test_report("heaps", late.heaps);
    test_report("adopted", late.adopted_heaps);
    test_report("mapped, KiB", late.mapped_bytes >> 10);
    CHECK(late.heaps == early.heaps && late.heaps <= 2);
    // With TLS=0 no thread has a heap; the one that all borrow is enough.
    const bool has_thread_heaps = early.adopted_heaps != 0;
    CHECK(has_thread_heaps || late.heaps == 1);
    if (has_thread_heaps) CHECK(late.adopted_heaps >= count);
    CHECK(late.mapped_bytes == early.mapped_bytes);

    // What is freed in a heap that nobody holds, the next holder uses first.
    void* const left = run(leaves_an_object);
    for (int i = 0; i < 10; i++) {
        emma_free(left);
        CHECK(run(leaves_an_object) == left);
    }
    emma_free(left);

    for (int i = 0; i < 50; i++) run(ends_by_raw_exit);
    const struct emma_stats raw = stats_now();
    test_report("heaps after ends by the raw system call", raw.heaps);
    if (has_thread_heaps) CHECK(raw.adopted_heaps >= late.adopted_heaps + 45);
    CHECK(raw.heaps <= late.heaps + 2);
    test_check_all();
    return 0;
}

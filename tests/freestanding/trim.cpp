// SPDX-License-Identifier: MIT OR Apache-2.0
// What is freed goes back to the system: emma_trim reaches the heap of a thread that sleeps for
// ever, leaves next to nothing mapped once all is freed, and a program that repeats itself purges
// little.
//
// TEST-LIMIT: 60
// TEST-QEMU: small
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/status.h"
#include "tests/freestanding/test.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>

namespace {

bool g_small = false;  // under an emulator: a tenth of everything

// An emulator's own memory counts in it: not looked at then.
std::size_t status_kib(const char* name) { return g_small ? 0 : test_status_kib(name); }

std::uint32_t g_phase = 0;
void set_phase(std::uint32_t phase) {
    __atomic_store_n(&g_phase, phase, __ATOMIC_RELEASE);
    emma_syscall(202, &g_phase, 129L, 1000L);  // FUTEX_WAKE_PRIVATE
}
void wait_phase(std::uint32_t phase) {
    for (;;) {
        const std::uint32_t now = __atomic_load_n(&g_phase, __ATOMIC_ACQUIRE);
        if (now >= phase) return;
        emma_syscall(202, &g_phase, 128L, static_cast<long>(now), 0L);  // FUTEX_WAIT_PRIVATE
    }
}

// Objects in a list through their first word.
void* push(void* list, std::size_t size) {
    void* const object = emma_malloc(size);
    CHECK(object != nullptr);
    *static_cast<void**>(object) = list;
    static_cast<char*>(object)[size - 1] = 1;
    return object;
}
void free_list(void* list) {
    while (list != nullptr) {
        void* const next = *static_cast<void**>(list);
        emma_free(list);
        list = next;
    }
}

// 500 MB in small objects, freed, and then asleep for ever.
void* hoarder(void*) {
    void* list = nullptr;
    const std::size_t total = g_small ? 50000000 : 500000000;
    test_random random = {1};
    for (std::size_t bytes = 0; bytes < total;) {
        const std::size_t size = 16 + test_below(&random, 400);
        list = push(list, size);
        bytes += size;
    }
    free_list(list);
    set_phase(1);
    wait_phase(1000);
    return nullptr;
}

void test_sleeping_thread() {
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, nullptr, hoarder, nullptr) == 0);
    CHECK(emma_thread_detach_handle(thread) == 0);
    wait_phase(1);
    const std::size_t before = status_kib("VmRSS:");
    const std::size_t given_back = emma_trim();
    const std::size_t after = status_kib("VmRSS:");
    test_report("sleeping thread: VmRSS before, KiB", before);
    test_report("given back, KiB", given_back >> 10);
    test_report("VmRSS after, KiB", after);
    CHECK(after < 4096);
}

// Mixed traffic of one of eight threads, all freed; the thread lives on.
void* mixer(void* argument) {
    test_random random = {reinterpret_cast<std::uintptr_t>(argument)};
    constexpr std::size_t kObjects = 2000;
    static thread_local void* objects[kObjects];
    const std::size_t total = (g_small ? 12 : 128) * std::size_t{1000000};
    for (std::size_t bytes = 0; bytes < total;) {
        const std::size_t index = test_below(&random, kObjects);
        const std::uint64_t kind = test_below(&random, 1000);
        const std::size_t size = kind < 900   ? test_below(&random, 500)
                                 : kind < 990 ? test_below(&random, 20000)
                                 : kind < 999 ? test_below(&random, 400000)
                                              : test_below(&random, 5000000);
        emma_free(objects[index]);
        objects[index] = emma_malloc(size);
        CHECK(objects[index] != nullptr);
        if (size != 0) static_cast<char*>(objects[index])[size - 1] = 1;
        bytes += size;
    }
    for (void* object : objects) emma_free(object);
    __atomic_fetch_add(&g_phase, 1, __ATOMIC_ACQ_REL);
    emma_syscall(202, &g_phase, 129L, 1000L);
    wait_phase(1000);
    return nullptr;
}

void test_after_mixed_traffic() {
    constexpr std::uint32_t kThreads = 8;
    set_phase(10);
    for (std::uint32_t i = 0; i < kThreads; i++) {
        emma_thread* thread;
        CHECK(emma_thread_create(&thread, nullptr, mixer, reinterpret_cast<void*>(i + 1UL)) == 0);
        CHECK(emma_thread_detach_handle(thread) == 0);
    }
    wait_phase(10 + kThreads);
    emma_trim();
    struct emma_stats stats;
    emma_stats(&stats);
    test_report("8 threads: live objects", stats.live_objects);
    test_report("mapped at most, KiB", stats.mapped_peak_bytes >> 10);
    test_report("mapped after trim, KiB", stats.mapped_bytes >> 10);
    CHECK(stats.live_objects == 0);
    CHECK(stats.mapped_bytes <= (kThreads + 1) * (256u << 10));
}

// One object in 20 outlives its neighbours, as after a phase of a long-running program.
void test_pages_between_objects() {
    constexpr std::size_t kObjects = 10000, kBytes = 3000;
    static void* objects[kObjects];
    const std::size_t start = status_kib("VmRSS:");
    for (std::size_t i = 0; i < kObjects; i++) {
        objects[i] = emma_malloc(kBytes);
        CHECK(objects[i] != nullptr);
        for (std::size_t at = 0; at < kBytes; at++)
            static_cast<unsigned char*>(objects[i])[at] = static_cast<unsigned char>(i + at);
    }
    for (std::size_t i = 0; i < kObjects; i++)
        if (i % 20 != 0) emma_free(objects[i]);
    const std::size_t before = status_kib("VmRSS:");
    emma_trim();
    const std::size_t after = status_kib("VmRSS:");
    test_report("1.5 MB alive in 30 MB: VmRSS, KiB", before);
    test_report("and trimmed: VmRSS, KiB", after);
    CHECK(after == 0 || (before >= start + 28000 && after <= start + 4800));
    for (std::size_t i = 0; i < kObjects; i += 20) {
        for (std::size_t at = 0; at < kBytes; at++)
            CHECK(static_cast<unsigned char*>(objects[i])[at] ==
                  static_cast<unsigned char>(i + at));
        emma_free(objects[i]);
    }
    emma_trim();
}

// Freed and allocated again in rounds: the first rounds may be purged, later ones no more.
void test_no_thrashing() {
    const std::size_t total = g_small ? 2000000 : 30000000;
    std::size_t calls_halfway = 0;
    for (int round = 0; round < 40; round++) {
        void* list = nullptr;
        for (std::size_t bytes = 0; bytes < total; bytes += 200) list = push(list, 200);
        free_list(list);
        struct emma_stats stats;
        emma_stats(&stats);
        if (round == 19) calls_halfway = stats.system_calls;
        if (round == 39) {
            test_report("system calls of 20 steady rounds", stats.system_calls - calls_halfway);
            CHECK(stats.system_calls - calls_halfway < 200);
        }
    }
    emma_trim();
}

// Nobody asks for a trim: what a peak has left goes back while the program goes on with less.
void test_falling_demand() {
    const std::size_t start = status_kib("VmRSS:");
    void* list = nullptr;
    for (std::size_t bytes = 0; bytes < 64000000; bytes += 200) list = push(list, 200);
    const std::size_t peak = status_kib("VmRSS:");
    free_list(list);
    const std::size_t freed = status_kib("VmRSS:");
    for (int round = 0; round < 100; round++) {
        list = nullptr;
        for (std::size_t bytes = 0; bytes < 2000000; bytes += 200) list = push(list, 200);
        free_list(list);
    }
    const std::size_t after = status_kib("VmRSS:");
    test_report("64 MB freed: VmRSS, KiB", freed);
    test_report("and 200 MB allocated and freed after it: VmRSS, KiB", after);
    CHECK(after == 0 || (peak >= start + 60000 && after <= start + (12u << 10)));
    emma_trim();
}

// Peaks that nobody trims after: what is freed goes back as it is freed, however often.
void test_peaks(std::size_t size) {
    const std::size_t start = status_kib("VmRSS:");
    std::size_t peak = 0, after = 0;
    for (int round = 0; round < 3; ++round) {
        void* list = nullptr;
        for (std::size_t bytes = 0; bytes < (g_small ? 6400000u : 64000000u); bytes += size) {
            list = push(list, size);
            for (std::size_t at = 4096; at < size; at += 4096) static_cast<char*>(list)[at] = 1;
        }
        peak = status_kib("VmRSS:");
        free_list(list);
        after = status_kib("VmRSS:");
        CHECK(after == 0 || (peak >= start + 60000 && after <= start + (24u << 10)));
    }
    test_report("peaks of objects of", size);
    test_report("VmRSS at the last, KiB", peak);
    test_report("and all freed, KiB", after);
    emma_trim();
}

// The same of what a thread has made that is gone when another one frees it: it has given its heap
// back, or died without a word.
void* g_left_list;
void* make_list(void* says_so) {
    g_left_list = nullptr;
    for (std::size_t bytes = 0; bytes < (g_small ? 6400000u : 64000000u); bytes += 1000)
        g_left_list = push(g_left_list, 1000);
    if (says_so == nullptr) emma_syscall(60, 0L);  // exit(2): the thread alone
    return nullptr;
}
void test_left_behind(bool says_so) {
    const std::size_t start = status_kib("VmRSS:");
    for (int round = 0; round < 2; ++round) {
        emma_thread* thread;
        CHECK(emma_thread_create(&thread, nullptr, make_list, says_so ? &thread : nullptr) == 0);
        CHECK(emma_thread_join(thread, nullptr) == 0);
        const std::size_t peak = status_kib("VmRSS:");
        free_list(g_left_list);
        const std::size_t after = status_kib("VmRSS:");
        test_report("freed after its thread's end: VmRSS, KiB", after);
        CHECK(after == 0 || (peak >= start + 60000 && after <= start + (24u << 10)));
    }
    emma_trim();
}

// And of what this thread has made and another one frees: as soon as this one goes on to work with
// objects of that size, though it needs no slots.
void* free_left_list(void*) {
    free_list(g_left_list);
    return nullptr;
}
void test_freed_by_another(std::size_t size) {
    const std::size_t start = status_kib("VmRSS:");
    g_left_list = nullptr;
    for (std::size_t bytes = 0; bytes < (g_small ? 6400000u : 64000000u); bytes += size)
        g_left_list = push(g_left_list, size);
    const std::size_t peak = status_kib("VmRSS:");
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, nullptr, free_left_list, nullptr) == 0);
    CHECK(emma_thread_join(thread, nullptr) == 0);
    for (int i = 0; i < 10; ++i) emma_free(push(nullptr, size));
    const std::size_t after = status_kib("VmRSS:");
    test_report("freed by another thread: VmRSS, KiB", after);
    CHECK(after == 0 || (peak >= start + 60000 && after <= start + (24u << 10)));
    emma_trim();
}

void test_start_footprint() {
    const std::size_t start = status_kib("VmRSS:");
    void* list = nullptr;
    for (int i = 0; i < 100000; i++) list = push(list, 100);
    void* const huge = emma_malloc(20000000);
    free_list(list);
    emma_free(huge);
    emma_trim();
    struct emma_stats stats;
    emma_stats(&stats);
    const std::size_t after = status_kib("VmRSS:");
    test_report("start: VmRSS, KiB", start);
    test_report("all freed and trimmed: VmRSS, KiB", after);
    CHECK(stats.mapped_bytes <= 256u << 10);
    CHECK(after <= start + 48);
}

}  // namespace

int main(int argc, char**) {
    g_small = argc > 1;
    emma_free(emma_malloc(1));
    test_start_footprint();
    test_falling_demand();
    constexpr std::size_t kSizes[] = {500, 40000, 135000, 5000000};
    for (const std::size_t size : kSizes) test_peaks(size);
    test_left_behind(true);
    test_left_behind(false);
    test_freed_by_another(1000);
    test_freed_by_another(4000);
    test_pages_between_objects();
    test_no_thrashing();
    test_sleeping_thread();
    test_after_mixed_traffic();
    test_check_all();
    return 0;
}

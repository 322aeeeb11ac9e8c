// SPDX-License-Identifier: MIT OR Apache-2.0
// A heap of one's own is made, filled with 10 MB in mixed sizes by four threads and destroyed with
// what is then alive in it, again and again: nothing of it stays, neither mapped nor resident.
//
//   heaps [SEED [ROUNDS [emulated]]]
//
// The full form has 10000 rounds. emulated: what the system says of the process is an emulator's as
// well, and not compared.
//
// TEST-ARGS: 0 200
// TEST-QEMU: 0 3 emulated
// TEST-LIMIT: 120
// TEST-CALLS: open read close
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/status.h"
#include "tests/freestanding/test.h"
#include "tests/stress/limited.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>

namespace {

constexpr std::size_t kThreads = 4;
constexpr std::size_t kBytesPerThread = 2500000;
constexpr std::size_t kPlaces = 512;

// A thread's work waits for its number of the round; the threads live as long as the program.
std::uint32_t g_round = 0, g_done = 0;
emma_heap* g_heap = nullptr;
unsigned char* g_places[kPlaces];  // objects change hands here

void wait_while(const std::uint32_t* word, std::uint32_t value) {
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
        emma_syscall(202, word, 128L, static_cast<long>(value), 0L);  // FUTEX_WAIT_PRIVATE
}
void add_and_wake(std::uint32_t* word) {
    __atomic_fetch_add(word, 1, __ATOMIC_ACQ_REL);
    emma_syscall(202, word, 129L, 1000L);  // FUTEX_WAKE_PRIVATE
}

std::size_t some_size(test_random* random) {
    const std::uint64_t kind = test_below(random, 1000);
    return 16 + test_below(random, kind < 800   ? 300
                                   : kind < 980 ? 4000
                                   : kind < 999 ? 60000
                                                : 400000);
}

// Four fifths stay alive.
void fill(test_random* random) {
    for (std::size_t bytes = 0; bytes < kBytesPerThread;) {
        const std::size_t size = some_size(random);
        auto* object = static_cast<unsigned char*>(emma_heap_alloc(g_heap, size, 16));
        CHECK(object != nullptr);
        *reinterpret_cast<std::uint64_t*>(object) = size;
        object[size - 1] = 1;
        bytes += size;
        if (test_below(random, 5) != 0) continue;
        object =
            __atomic_exchange_n(&g_places[test_below(random, kPlaces)], object, __ATOMIC_ACQ_REL);
        if (object == nullptr) continue;
        CHECK(object[*reinterpret_cast<std::uint64_t*>(object) - 1] == 1);
        emma_heap_free(g_heap, object);
    }
}

void* work(void* argument) {
    test_random random = {reinterpret_cast<std::uintptr_t>(argument)};
    for (std::uint32_t round = 0;; round++) {
        wait_while(&g_round, round);
        if (g_heap == nullptr) return nullptr;
        fill(&random);
        add_and_wake(&g_done);
    }
}

void run_round() {
    g_heap = emma_heap_create(nullptr);
    CHECK(g_heap != nullptr);
    __atomic_store_n(&g_done, 0, __ATOMIC_RELAXED);
    add_and_wake(&g_round);
    for (std::uint32_t done = 0; done != kThreads;) {
        wait_while(&g_done, done);
        done = __atomic_load_n(&g_done, __ATOMIC_ACQUIRE);
    }
    test_check_heap(g_heap);
    emma_heap_destroy(g_heap);
    for (unsigned char*& place : g_places) place = nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    limit_if_asked();
    std::uint64_t seed = test_argument(argc, argv, 1, 0);
    const std::uint64_t rounds = test_argument(argc, argv, 2, 200);
    if (seed == 0) seed = *reinterpret_cast<const std::uint64_t*>(emma_getauxval(25)) >> 16 | 1;
    test_report("seed", seed);
    test_random random = {seed};
    emma_thread* threads[kThreads];
    for (emma_thread*& thread : threads)
        CHECK(emma_thread_create(&thread, nullptr, work,
                                 reinterpret_cast<void*>(test_next(&random) | 1)) == 0);
    // The first rounds touch the last of the program's own pages.
    for (int i = 0; i < 3; i++) run_round();
    const std::size_t mapped = test_status_kib("VmSize:");
    const std::size_t resident = test_resident_kib();
    for (std::uint64_t i = 3; i < rounds; i++) run_round();
    test_report("rounds", rounds);
    test_report("mapped early, KiB", mapped);
    test_report("mapped at the end, KiB", test_status_kib("VmSize:"));
    test_report("resident early, KiB", resident);
    test_report("resident at the end, KiB", test_resident_kib());
    if (argc < 4) {
        CHECK(test_status_kib("VmSize:") == mapped);
        // But for the pages of the table of heaps, 8 KiB, where each heap has another place.
        CHECK(test_resident_kib() <= resident + 8);
    }
    g_heap = nullptr;
    add_and_wake(&g_round);
    for (emma_thread* thread : threads) CHECK(emma_thread_join(thread, nullptr) == 0);
    test_check_all();
    return 0;
}

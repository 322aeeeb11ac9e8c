// SPDX-License-Identifier: MIT OR Apache-2.0
// TEST-LIMIT: 150
// TEST-ONCE: it takes half a minute
// 100,000 threads of the libc, one after the other in small groups, each of which allocates, leaves
// objects for others to free, and may allocate again in destructors of its keys: what is resident
// and what is mapped after 1,000 of them is all there will be. Run under libemma_preload.so.
#include "tests/preload/check_all.h"

#include <pthread.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kGroup = 8;
constexpr int kWarmThreads = 1000;
constexpr int kThreads = 100000;
constexpr long kResidentSlackKib = 2048;  // 21 bytes a thread would be found
constexpr long kMappedSlackKib = 16384;   // four arenas: how many threads are alive at once varies

struct Footprint {
    long resident_kib = 0;
    long mapped_kib = 0;
};

Footprint footprint() {
    Footprint now;
    char line[256];
    std::FILE* const status = std::fopen("/proc/self/status", "r");
    if (status == nullptr) std::exit(2);
    while (std::fgets(line, sizeof line, status) != nullptr) {
        std::sscanf(line, "VmRSS: %ld", &now.resident_kib);
        std::sscanf(line, "VmSize: %ld", &now.mapped_kib);
    }
    std::fclose(status);
    return now;
}

// The first may come before Emma's own key, the last is beyond the 32 for which the libc has room
// without allocating. A destructor sets its key again, so it runs in every round the libc has.
constexpr int kKeys = 40;
pthread_key_t g_keys[kKeys];
long g_late_destructors;  // any thread

void* allocate_and_fill(std::size_t bytes) {
    void* const object = std::malloc(bytes);
    if (object == nullptr) std::abort();
    return std::memset(object, 0x5a, bytes);
}

template <int kIndex>
void late(void* value) {
    void* const first = allocate_and_fill(200);
    void* const second = allocate_and_fill(5000);
    std::free(first);
    std::free(second);
    pthread_setspecific(g_keys[kIndex], value);
    __atomic_fetch_add(&g_late_destructors, 1, __ATOMIC_RELAXED);
}

void* short_life(void* argument) {
    void* mine[32];
    for (unsigned i = 0; i < 32; i++) mine[i] = allocate_and_fill(16 + i * 61 % 3000);
    for (unsigned i = 1; i < 32; i++) std::free(mine[i]);
    if (argument != nullptr) {
        pthread_setspecific(g_keys[0], argument);
        pthread_setspecific(g_keys[kKeys - 1], argument);
    }
    return mine[0];  // freed by the thread that joins
}

void run(int count) {
    for (int done = 0; done < count; done += kGroup) {
        pthread_t threads[kGroup];
        for (int i = 0; i < kGroup; i++) {
            void* const argument = (done + i) % 100 == 0 ? g_keys : nullptr;
            if (pthread_create(&threads[i], nullptr, short_life, argument) != 0) std::exit(2);
        }
        for (pthread_t thread : threads) {
            void* object = nullptr;
            pthread_join(thread, &object);
            std::free(object);
        }
    }
}

}  // namespace

int main() {
    for (pthread_key_t& key : g_keys)
        if (pthread_key_create(&key, &key == g_keys ? late<0> : late<kKeys - 1>) != 0) return 2;
    run(kWarmThreads);
    const Footprint early = footprint();
    run(kThreads - kWarmThreads);
    const Footprint end = footprint();
    std::printf("threads %6d: VmRSS %ld KiB, VmSize %ld KiB\n", kWarmThreads, early.resident_kib,
                early.mapped_kib);
    std::printf("threads %6d: VmRSS %ld KiB, VmSize %ld KiB, %ld late destructors\n", kThreads,
                end.resident_kib, end.mapped_kib, g_late_destructors);
    return end.resident_kib > early.resident_kib + kResidentSlackKib ||
           end.mapped_kib > early.mapped_kib + kMappedSlackKib || !all_invariants_hold();
}

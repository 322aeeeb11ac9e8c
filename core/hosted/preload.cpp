// SPDX-License-Identifier: MIT OR Apache-2.0
// What libemma_preload.so has beside core/: the end of the libc's threads. With operator_new.cpp
// the one place that calls a libc; not in the archives.
#include <pthread.h>
#include <cstddef>
#include <cstdint>

#include "core/atomic.h"
#include "core/instance.h"

namespace emma {
namespace {

// ---- the end of a thread -----------------------------------------------------------------------
// The destructor of a key gives the thread's heap back. Destructors of other keys may run after it,
// in the same round or in a later one, and so may the libc's own cleaning up; they allocate through
// borrowed heaps, however many rounds there are (PTHREAD_DESTRUCTOR_ITERATIONS is no matter).

enum class Phase : std::uint8_t { kNew, kAnnounced, kEnded };
constinit thread_local Phase t_phase = Phase::kNew;

// any thread: one more than the key, or 0. Relaxed: it publishes nothing but itself.
constinit Atomic<std::uint64_t> g_key_plus_one{0};

void end_thread(void*) {
    t_phase = Phase::kEnded;
    detach_thread();
}

// Made by the first thread that allocates, which may be the dynamic linker before any constructor.
// Two threads that are first at the same time make one each, and one of them deletes hers.
bool find_key(pthread_key_t& key) {
    std::uint64_t plus_one = g_key_plus_one.load(memory_order_relaxed);
    if (plus_one == 0) {
        pthread_key_t fresh;
        if (pthread_key_create(&fresh, end_thread) != 0) return false;
        const std::uint64_t mine = std::uint64_t{fresh} + 1;
        if (g_key_plus_one.compare_exchange(plus_one, mine, memory_order_relaxed,
                                            memory_order_relaxed)) {
            plus_one = mine;
        } else {
            pthread_key_delete(fresh);
        }
    }
    key = static_cast<pthread_key_t>(plus_one - 1);
    return true;
}

bool announce_end() {
    pthread_key_t key;
    return find_key(key) && pthread_setspecific(key, &g_key_plus_one) == 0;
}

}  // namespace

bool thread_may_attach() {
    if (t_phase == Phase::kNew) {
        t_phase = Phase::kAnnounced;  // before the call, which may allocate and come here again
        if (!announce_end()) end_thread(nullptr);
    }
    return t_phase == Phase::kAnnounced;
}

}  // namespace emma

// malloc_trim(3): 1 if memory went back. What is to stay at the top of a heap is no matter here.
EMMA_PUBLIC int malloc_trim(std::size_t) noexcept { return emma_trim() != 0 ? 1 : 0; }

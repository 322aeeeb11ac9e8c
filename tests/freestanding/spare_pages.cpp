// SPDX-License-Identifier: MIT OR Apache-2.0
// Sources that take nothing back, or not always: what was freed is used again before they are asked
// for more, whatever the sizes, so that a pool never runs out with most of it free; pages that are
// used again read as zero where that is promised; the account stays true, and a source that changes
// its mind gets all of it.
//
// TEST-ARGS: 200
// TEST-QEMU: 48
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/test.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
alignas(4096) unsigned char g_memory[200 * kMiB];
std::size_t g_pool_bytes;

// Gives the next pages of the pool; takes back what refuse() lets it.
struct Pool {
    std::size_t used = 0;  // from the start, any thread
    std::size_t taken_back = 0;
    unsigned maps = 0;
    unsigned refused = 0;
    unsigned accept_every = 0;  // 0: nothing is taken back
};

void* pool_map(void* context, std::size_t bytes, std::size_t alignment) {
    auto& pool = *static_cast<Pool*>(context);
    __atomic_fetch_add(&pool.maps, 1, __ATOMIC_RELAXED);
    const auto start = reinterpret_cast<std::uintptr_t>(g_memory);
    std::size_t used = __atomic_load_n(&pool.used, __ATOMIC_RELAXED);
    for (;;) {
        const std::uintptr_t addr = (start + used + alignment - 1) & ~(alignment - 1);
        const std::size_t end = addr - start + bytes;
        if (end > g_pool_bytes || end < bytes) return nullptr;
        if (__atomic_compare_exchange_n(&pool.used, &used, end, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            return reinterpret_cast<void*>(addr);
    }
}
bool pool_unmap(void* context, void*, std::size_t bytes) {
    auto& pool = *static_cast<Pool*>(context);
    const unsigned call = __atomic_fetch_add(&pool.refused, 1, __ATOMIC_RELAXED);
    if (pool.accept_every == 0 || call % pool.accept_every != 0) return false;
    __atomic_fetch_add(&pool.taken_back, bytes, __ATOMIC_RELAXED);
    return true;
}

enum Taking { kNoFunction, kRefuses };

emma_heap* make_heap(Pool& pool, Taking taking, std::size_t limit = 0) {
    pool = {};
    const struct emma_page_source source = {pool_map, taking == kNoFunction ? nullptr : pool_unmap,
                                            nullptr, &pool, false};
    struct emma_heap_options options = {};
    options.source = &source;
    options.limit_bytes = limit;
    emma_heap* const heap = emma_heap_create(&options);
    CHECK(heap != nullptr);
    return heap;
}

struct emma_stats stats_of(emma_heap* heap) {
    struct emma_stats stats;
    emma_heap_stats(heap, &stats);
    return stats;
}

// One object after the other: the source is not asked again for a size that was there before.
void test_pairs(Taking taking, std::size_t limit) {
    Pool pool;
    emma_heap* const heap = make_heap(pool, taking, limit);
    const auto once = [&](std::size_t bytes, bool zeroed) {
        void* const object =
            zeroed ? emma_heap_alloc_zeroed(heap, bytes, 16) : emma_heap_alloc(heap, bytes, 16);
        CHECK(object != nullptr);
        CHECK(emma_heap_usable_size(heap, object) >= bytes);
        CHECK(emma_heap_usable_size(heap, object) < bytes + 4096);
        if (zeroed) CHECK(test_is_zero(object, bytes));
        test_fill(object, bytes, bytes);
        emma_heap_free(heap, object);
        CHECK(!emma_heap_owns(heap, object));
    };
    once(10 * kMiB, false);
    once(12 * kMiB, false);
    const unsigned maps = pool.maps;
    const std::size_t mapped = stats_of(heap).mapped_bytes;
    for (unsigned i = 0; i < 12; ++i) once((i % 2 != 0 ? 12 : 10) * kMiB, i % 4 == 0);
    CHECK(pool.maps == maps);
    CHECK(stats_of(heap).mapped_bytes == mapped);
    CHECK(stats_of(heap).mapped_peak_bytes == mapped);
    CHECK(stats_of(heap).live_objects == 0 && stats_of(heap).huge_objects == 0);
    // Ranges that touch are joined for what is larger than any of them.
    once(21 * kMiB, true);
    once(3 * kMiB + 4096, false);
    once(22 * kMiB, false);
    test_check_heap(heap);
    CHECK(emma_heap_trim(heap) == 0);
    CHECK(stats_of(heap).mapped_bytes <= pool.used);
    if (limit != 0) CHECK(stats_of(heap).mapped_peak_bytes <= limit);
    emma_heap_destroy(heap);
}

// Ever larger ones, up to a third of the pool, three times in a row.
void test_growing() {
    Pool pool;
    emma_heap* const heap = make_heap(pool, kNoFunction);
    for (unsigned round = 0; round < 3; ++round)
        for (std::size_t bytes = kMiB; bytes <= g_pool_bytes / 3; bytes += bytes / 4 + 12345) {
            void* const object = emma_heap_alloc(heap, bytes, 16);
            CHECK(object != nullptr);
            emma_heap_free(heap, object);
        }
    // All of it has been a huge object, and becomes small ones, arenas and all.
    struct Chain {
        Chain* next;
    };
    Chain* chain = nullptr;
    std::size_t bytes = 0;
    while (bytes < g_pool_bytes / 2) {
        auto* const object = static_cast<Chain*>(emma_heap_alloc(heap, 30000, 16));
        CHECK(object != nullptr);
        test_fill(object + 1, 1000, bytes);
        object->next = chain;
        chain = object;
        bytes += 30000;
    }
    for (; chain != nullptr;) {
        Chain* const next = chain->next;
        emma_heap_free(heap, chain);
        chain = next;
    }
    test_check_heap(heap);
    // An object grows step by step, and moves each time.
    void* grown = nullptr;
    for (std::size_t now = 3 * kMiB; now <= g_pool_bytes / 8; now += 2 * kMiB) {
        grown = emma_heap_resize(heap, grown, 16, now);
        CHECK(grown != nullptr);
        if (now != 3 * kMiB) CHECK(test_verify(grown, 3 * kMiB, 5));
        test_fill(grown, 3 * kMiB, 5);
    }
    emma_heap_free(heap, grown);
    emma_heap_destroy(heap);
}

struct Object {
    unsigned char* start;
    std::size_t bytes;
};

// Random sizes and alignments while at most a quarter of the pool is live: never null.
void test_random_sizes(std::uint64_t seed, Taking taking) {
    Pool pool;
    emma_heap* const heap = make_heap(pool, taking);
    test_random random = {seed};
    constexpr unsigned kObjects = 24;
    Object objects[kObjects] = {};
    std::size_t live = 0;
    const std::size_t largest = g_pool_bytes / 16;
    for (unsigned i = 0; i < 400; ++i) {
        Object& object = objects[test_below(&random, kObjects)];
        if (object.start != nullptr) {
            CHECK(test_verify(object.start, object.bytes, object.bytes));
            emma_heap_free(heap, object.start);
            live -= object.bytes;
            object = {};
            continue;
        }
        const std::size_t bytes = 1 + test_below(&random, test_below(&random, largest) + 1);
        if (live + bytes > g_pool_bytes / 4) continue;
        const std::size_t alignment = std::size_t{16} << test_below(&random, 14);
        const bool zeroed = test_below(&random, 4) == 0;
        object = {
            static_cast<unsigned char*>(zeroed ? emma_heap_alloc_zeroed(heap, bytes, alignment)
                                               : emma_heap_alloc(heap, bytes, alignment)),
            bytes};
        CHECK(object.start != nullptr);
        CHECK(reinterpret_cast<std::uintptr_t>(object.start) % alignment == 0);
        if (zeroed) CHECK(test_is_zero(object.start, bytes));
        test_fill(object.start, bytes, bytes);
        live += bytes;
        if (i % 64 == 0) test_check_heap(heap);
    }
    const struct emma_stats stats = stats_of(heap);
    CHECK(stats.mapped_bytes <= pool.used);
    CHECK(stats.live_bytes >= live);
    for (const Object& object : objects) emma_heap_free(heap, object.start);
    CHECK(stats_of(heap).mapped_bytes == stats.mapped_bytes);
    test_check_heap(heap);
    // From now on everything is taken back.
    pool.accept_every = 1;
    const std::size_t given_back = emma_heap_trim(heap);
    if (taking == kRefuses) CHECK(given_back == pool.taken_back && given_back != 0);
    CHECK(stats_of(heap).mapped_bytes == stats.mapped_bytes - pool.taken_back);
    emma_heap_destroy(heap);
}

// Every third is taken back: never used again.
void test_some_refused() {
    Pool pool;
    emma_heap* const heap = make_heap(pool, kRefuses);
    pool.accept_every = 3;
    for (unsigned i = 0; i < 9; ++i) {
        void* const object = emma_heap_alloc(heap, (5 + i % 3) * kMiB, 16);
        CHECK(object != nullptr);
        test_fill(object, kMiB, i);
        emma_heap_free(heap, object);
    }
    CHECK(pool.taken_back != 0);
    pool.accept_every = 1;
    (void)emma_heap_trim(heap);
    CHECK(stats_of(heap).huge_objects == 0);
    emma_heap_destroy(heap);
    CHECK(pool.taken_back <= pool.used);
}

// Several threads in one pool. Near its end one may be refused what another one is about to leave,
// so a null is tried again; nothing is handed out twice, and nothing is lost.
emma_heap* g_shared;
constexpr unsigned kThreads = 3, kRounds = 40;

void* use_shared(void* argument) {
    const auto number = reinterpret_cast<std::uintptr_t>(argument);
    test_random random = {number + 1};
    for (unsigned round = 0; round < kRounds; ++round) {
        const std::size_t bytes = 3 * kMiB + test_below(&random, g_pool_bytes / 12 - 3 * kMiB);
        void* object = nullptr;
        while (object == nullptr) object = emma_heap_alloc(g_shared, bytes, 16);
        const std::uint64_t tag = number * kRounds + round;
        test_fill(object, bytes, tag);
        CHECK(test_verify(object, bytes, tag));
        emma_heap_free(g_shared, object);
    }
    return nullptr;
}

void test_threads() {
    Pool pool;
    g_shared = make_heap(pool, kNoFunction);
    emma_thread* threads[kThreads];
    for (std::uintptr_t i = 0; i < kThreads; ++i)
        CHECK(emma_thread_create(&threads[i], nullptr, use_shared, reinterpret_cast<void*>(i)) ==
              0);
    for (emma_thread* thread : threads) CHECK(emma_thread_join(thread, nullptr) == 0);
    test_check_heap(g_shared);
    CHECK(stats_of(g_shared).live_objects == 0);
    void* const all = emma_heap_alloc(g_shared, stats_of(g_shared).mapped_bytes / 2, 16);
    CHECK(all != nullptr);
    emma_heap_destroy(g_shared);
}

}  // namespace

int main(int argc, char** argv) {
    g_pool_bytes = test_argument(argc, argv, 1, 200) * kMiB;
    for (const Taking taking : {kNoFunction, kRefuses})
        for (const std::size_t limit : {std::size_t{0}, 40 * kMiB}) test_pairs(taking, limit);
    test_growing();
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
        test_random_sizes(seed, seed % 2 != 0 ? kNoFunction : kRefuses);
    test_some_refused();
    test_threads();
    return 0;
}

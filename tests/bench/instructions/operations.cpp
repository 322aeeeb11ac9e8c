// SPDX-License-Identifier: MIT OR Apache-2.0
// The operations whose instructions tests/bench/instructions/run counts, in a static program
// without a libc, under callgrind. Each is a loop over some 10,000 operations, run three times: to
// warm up, then counted, then counted with functions that do nothing in place of Emma's, so that
// what the loop itself costs can be taken off. A call and its return belong to the operation.
//
// Prints `name count` for each; the counted parts become callgrind's dumps, named `name` and
// `name-loop`.
#include <emma.h>
#include <emma_crt.h>
#include <valgrind/callgrind.h>
#include <cstddef>
#include <cstdint>
#include <new>

#include "tests/freestanding/test.h"

namespace {

constexpr std::size_t kCount = 10000;
void* g_objects[kCount];
std::uint16_t g_sizes[kCount];    // 16 to 512, the small ones oftener
std::uint16_t g_places[kCount];   // each once, in random order
std::uint16_t g_chances[kCount];  // random places
emma_heap* g_heap;
alignas(4096) unsigned char g_nothing[4096];

// ---- what is counted, and nothing in its place

struct Emma {
    static void* malloc(std::size_t size) { return emma_malloc(size); }
    static void* calloc(std::size_t size) { return emma_calloc(1, size); }
    static void* realloc(void* p, std::size_t size) { return emma_realloc(p, size); }
    static void* aligned(std::size_t alignment, std::size_t size) {
        return emma_aligned_alloc(alignment, size);
    }
    static void free(void* p) { emma_free(p); }
    static void dealloc(void* p, std::size_t size) { emma_dealloc(p, size, 16); }
    static void* make(std::size_t size) { return ::operator new(size); }
    static void unmake(void* p, std::size_t size) { ::operator delete(p, size); }
    static std::size_t usable(void* p) { return emma_malloc_usable_size(p); }
    static void* heap_alloc(std::size_t size) { return emma_heap_alloc(g_heap, size, 16); }
    static void heap_free(void* p) { emma_heap_free(g_heap, p); }
};

struct Nothing {
    static void* malloc(std::size_t) { return g_nothing; }
    static void* calloc(std::size_t) { return g_nothing; }
    static void* realloc(void* p, std::size_t) { return p; }
    static void* aligned(std::size_t, std::size_t) { return g_nothing; }
    static void free(void*) {}
    static void dealloc(void*, std::size_t) {}
    static void* make(std::size_t) { return g_nothing; }
    static void unmake(void*, std::size_t) {}
    static std::size_t usable(void*) { return 0; }
    static void* heap_alloc(std::size_t) { return g_nothing; }
    static void heap_free(void*) {}
};

// ---- the operations: of each kCount (or as many as `count` says)

template <class Allocator, std::size_t size>
void pair() {
    for (std::size_t i = 0; i < kCount; i++)
        Allocator::free(test_opaque_pointer(Allocator::malloc(test_opaque(size))));
}
template <class Allocator>
void pair_mixed() {
    for (std::size_t i = 0; i < kCount; i++)
        Allocator::free(test_opaque_pointer(Allocator::malloc(test_opaque(g_sizes[i]))));
}
template <class Allocator>
void pair_calloc() {
    for (std::size_t i = 0; i < kCount; i++)
        Allocator::free(test_opaque_pointer(Allocator::calloc(test_opaque(48))));
}
template <class Allocator>
void pair_aligned() {
    for (std::size_t i = 0; i < kCount; i++)
        Allocator::free(test_opaque_pointer(Allocator::aligned(test_opaque(64), test_opaque(48))));
}
template <class Allocator>
void pair_dealloc() {
    for (std::size_t i = 0; i < kCount; i++)
        Allocator::dealloc(test_opaque_pointer(Allocator::malloc(test_opaque(48))),
                           test_opaque(48));
}
template <class Allocator>
void pair_new_delete() {
    for (std::size_t i = 0; i < kCount; i++)
        Allocator::unmake(test_opaque_pointer(Allocator::make(test_opaque(48))), test_opaque(48));
}
template <class Allocator>
void pair_heap() {
    for (std::size_t i = 0; i < kCount; i++)
        Allocator::heap_free(test_opaque_pointer(Allocator::heap_alloc(test_opaque(48))));
}

template <class Allocator>
void allocate_all(std::size_t fixed_size) {
    for (std::size_t i = 0; i < kCount; i++)
        g_objects[i] = test_opaque_pointer(
            Allocator::malloc(test_opaque(fixed_size == 0 ? g_sizes[i] : fixed_size)));
}
template <class Allocator>
void free_all() {
    for (std::size_t i = 0; i < kCount; i++) Allocator::free(test_opaque_pointer(g_objects[i]));
}
template <class Allocator>
void bulk() {
    allocate_all<Allocator>(64);
    free_all<Allocator>();
}
template <class Allocator>
void bulk_mixed() {
    allocate_all<Allocator>(0);
    for (std::size_t i = 0; i < kCount; i++)
        Allocator::free(test_opaque_pointer(g_objects[g_places[i]]));
}
template <class Allocator>
void replace() {
    for (std::size_t i = 0; i < kCount; i++) {
        void*& object = g_objects[g_chances[i]];
        Allocator::free(test_opaque_pointer(object));
        object = test_opaque_pointer(Allocator::malloc(test_opaque(g_sizes[i])));
    }
}
template <class Allocator>
void realloc_in_place() {
    for (std::size_t i = 0; i < kCount; i++)
        g_objects[0] =
            Allocator::realloc(test_opaque_pointer(g_objects[0]), test_opaque(100 + i % 8));
}
template <class Allocator>
void realloc_move() {
    for (std::size_t i = 0; i < kCount; i++)
        Allocator::free(test_opaque_pointer(Allocator::realloc(
            test_opaque_pointer(Allocator::malloc(test_opaque(48))), test_opaque(200))));
}
template <class Allocator>
void usable_size() {
    for (std::size_t i = 0; i < kCount; i++)
        test_opaque(Allocator::usable(test_opaque_pointer(g_objects[i])));
}
template <class Allocator, std::size_t size>
void batches() {  // 50 live
    for (std::size_t i = 0; i < kCount; i += 50) {
        for (std::size_t j = 0; j < 50; j++)
            g_objects[j] = test_opaque_pointer(Allocator::malloc(test_opaque(size)));
        for (std::size_t j = 0; j < 50; j++) Allocator::free(test_opaque_pointer(g_objects[j]));
    }
}

// By another thread: the main thread waits meanwhile.
void in_thread(void (*function)()) {
    emma_thread* thread = nullptr;
    CHECK(emma_thread_create(
              &thread, nullptr,
              [](void* work) -> void* {
                  reinterpret_cast<void (*)()>(work)();
                  return nullptr;
              },
              reinterpret_cast<void*>(function)) == 0);
    CHECK(emma_thread_join(thread, nullptr) == 0);
}
template <class Allocator>
void free_all_elsewhere() {
    in_thread(free_all<Allocator>);
}

// ---- counting

void allocate_64s() { allocate_all<Emma>(64); }
void allocate_mixed() { allocate_all<Emma>(0); }
void free_everything() { free_all<Emma>(); }
void allocate_one() { g_objects[0] = emma_malloc(100); }
void free_one() { emma_free(g_objects[0]); }
void allocate_and_free_elsewhere() {
    allocate_64s();
    in_thread(free_everything);
}
template <class Allocator>
void allocate_64s_by() {
    allocate_all<Allocator>(64);
}
void nothing() {}

// `before` and `after` are not counted. The dump's name tells the operation.
#define COUNT(name, operation, allocator, before, after) \
    do {                                                 \
        before();                                        \
        CALLGRIND_ZERO_STATS;                            \
        operation;                                       \
        CALLGRIND_DUMP_STATS_AT(name);                   \
        after();                                         \
    } while (false)
#define MEASURE(name, with, without, before, after)              \
    do {                                                         \
        before();                                                \
        with;                                                    \
        after();                                                 \
        COUNT(name, with, Emma, before, after);                  \
        COUNT(name "-loop", without, Nothing, nothing, nothing); \
        test_report(name, kCount);                               \
    } while (false)

void prepare() {
    test_random random = {7};
    for (std::size_t i = 0; i < kCount; i++) {
        const std::uint64_t most = test_below(&random, 4) == 0 ? 497 : 113;
        g_sizes[i] = static_cast<std::uint16_t>(16 + test_below(&random, most));
        g_chances[i] = static_cast<std::uint16_t>(test_below(&random, kCount));
        const std::size_t place = test_below(&random, i + 1);
        g_places[i] = g_places[place];
        g_places[place] = static_cast<std::uint16_t>(i);
    }
    const emma_heap_options options{};
    g_heap = emma_heap_create(&options);
    CHECK(g_heap != nullptr && emma_thread_attach() == 0);
}

}  // namespace

int main() {
    prepare();
    MEASURE("pair", (pair<Emma, 48>()), (pair<Nothing, 48>()), nothing, nothing);
    MEASURE("pair-mixed", pair_mixed<Emma>(), pair_mixed<Nothing>(), nothing, nothing);
    MEASURE("pair-calloc", pair_calloc<Emma>(), pair_calloc<Nothing>(), nothing, nothing);
    MEASURE("pair-aligned", pair_aligned<Emma>(), pair_aligned<Nothing>(), nothing, nothing);
    MEASURE("pair-dealloc", pair_dealloc<Emma>(), pair_dealloc<Nothing>(), nothing, nothing);
    MEASURE("pair-new-delete", pair_new_delete<Emma>(), pair_new_delete<Nothing>(), nothing,
            nothing);
    MEASURE("pair-heap", pair_heap<Emma>(), pair_heap<Nothing>(), nothing, nothing);
    MEASURE("bulk", bulk<Emma>(), bulk<Nothing>(), nothing, nothing);
    MEASURE("bulk-mixed", bulk_mixed<Emma>(), bulk_mixed<Nothing>(), nothing, nothing);
    MEASURE("replace", replace<Emma>(), replace<Nothing>(), allocate_mixed, free_everything);
    MEASURE("realloc-in-place", realloc_in_place<Emma>(), realloc_in_place<Nothing>(), allocate_one,
            free_one);
    MEASURE("realloc-move", realloc_move<Emma>(), realloc_move<Nothing>(), nothing, nothing);
    MEASURE("usable-size", usable_size<Emma>(), usable_size<Nothing>(), allocate_mixed,
            free_everything);
    MEASURE("remote-free", free_all_elsewhere<Emma>(), free_all_elsewhere<Nothing>(), allocate_64s,
            nothing);
    MEASURE("after-remote", allocate_64s_by<Emma>(), allocate_64s_by<Nothing>(),
            allocate_and_free_elsewhere, free_everything);
    MEASURE("medium-8K", (batches<Emma, 8192>()), (batches<Nothing, 8192>()), nothing, nothing);
    MEASURE("medium-30K", (batches<Emma, 30000>()), (batches<Nothing, 30000>()), nothing, nothing);
    MEASURE("large-256K", (pair<Emma, 262144>()), (pair<Nothing, 262144>()), nothing, nothing);
    MEASURE("huge-8M", (pair<Emma, 8388608>()), (pair<Nothing, 8388608>()), nothing, nothing);
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Memory has run out, by each of the three kinds of shortage: a heap's limit, its region, and
// RLIMIT_AS. What is freed can be had again at once, by a thread and by another; null comes only if
// nothing is free; and more memory is found as soon as it is there.
//
// TEST-QEMU: no, because its user mode takes RLIMIT_AS without enforcing it
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/test.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace {

constexpr std::size_t kBytes = 24u << 20;
constexpr std::size_t kMost = 2u << 20;

alignas(4096) unsigned char g_region[kBytes];
void* g_objects[kMost];
std::size_t g_count;
emma_heap* g_heap;  // null: the default one
test_random g_random = {1};

void* allocate(std::size_t bytes, std::size_t alignment = 16) {
    return g_heap != nullptr ? emma_heap_alloc(g_heap, bytes, alignment)
                             : emma_alloc(bytes, alignment);
}
void free_object(void* object) {
    if (g_heap != nullptr) return emma_heap_free(g_heap, object);
    emma_free(object);
}

void fill(std::size_t bytes) {
    for (g_count = 0; g_count < kMost; ++g_count)
        if ((g_objects[g_count] = allocate(bytes)) == nullptr) break;
    CHECK(g_count > 100 && g_count < kMost);
}
void free_all() {
    while (g_count != 0) free_object(g_objects[--g_count]);
}
void*& some_object() { return g_objects[test_below(&g_random, g_count)]; }

// Each object that is freed makes room for exactly one of its size, wherever it lies.
void replace(std::size_t bytes) {
    fill(bytes);
    for (int i = 0; i < 3000; ++i) {
        void*& object = some_object();
        free_object(object);
        object = allocate(bytes);
        CHECK(object != nullptr);
        if (i % 100 == 0) CHECK(allocate(bytes) == nullptr);
    }
    free_all();
}

// The place of a larger object serves as well, if it has the alignment.
void take_larger_ones() {
    fill(2048);
    for (int i = 0; i < 300; ++i) {
        void*& object = some_object();
        free_object(object);
        CHECK((object = i % 3 == 0 ? allocate(100, 1024) : allocate(500)) != nullptr);
    }
    free_all();
}

void* free_many(void*) {
    for (int i = 0; i < 1000; ++i) free_object(g_objects[--g_count]);
    return nullptr;
}

// Another thread's frees make room; as many as it freed, since no other size was asked for.
void free_elsewhere(std::size_t bytes) {
    fill(bytes);
    CHECK(g_count > 2000);
    emma_thread* thread;
    free_object(g_objects[--g_count]);  // for the thread
    if (emma_thread_create(&thread, nullptr, free_many, nullptr) != 0) return free_all();
    emma_thread_join(thread, nullptr);
    for (int i = 0; i < 1000; ++i) CHECK((g_objects[g_count++] = allocate(bytes)) != nullptr);
    free_all();
}

void run_all() {
    for (const std::size_t bytes : {16, 1000, 30000}) replace(bytes);
    take_larger_ones();
    free_elsewhere(400);
    replace(100);
}

}  // namespace

int main() {
    emma_heap_options options{};
    options.limit_bytes = kBytes;
    g_heap = emma_heap_create(&options);
    CHECK(g_heap != nullptr);
    run_all();
    emma_heap_destroy(g_heap);

    options = {};
    options.region = g_region;
    options.region_bytes = kBytes;
    g_heap = emma_heap_create(&options);
    CHECK(g_heap != nullptr);
    run_all();
    emma_heap_destroy(g_heap);

    g_heap = nullptr;
    std::uint64_t limit[2] = {2 * kBytes + (16u << 20), ~std::uint64_t{0}};
    CHECK(emma_syscall(302, 0L, 9L, limit, nullptr) == 0);  // prlimit64(self, RLIMIT_AS)
    run_all();
    // The limit is raised: found without a free.
    fill(16);
    limit[0] += 4u << 20;
    CHECK(emma_syscall(302, 0L, 9L, limit, nullptr) == 0);
    std::size_t more = 0;
    while (void* const object = allocate(16)) {
        if (g_count < kMost) g_objects[g_count++] = object;
        ++more;
    }
    test_report("objects of 16 bytes in 4 MiB more:", more);
    CHECK(more >= (3u << 20) / 16);
    test_check_all();
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// What emma_reserve promises: objects of that many bytes in all, in every size, without a page
// fault; and what emma_seal does: what is exhausted is null, what is freed can be had again.
//
// TEST-QEMU: no-faults
#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "tests/freestanding/test.h"

extern "C" int* __errno_location();

namespace {

constexpr std::size_t kReserved = 48000000;
constexpr int kNoMemory = 12;     // ENOMEM
constexpr int kNotPermitted = 1;  // EPERM

bool g_counts_faults = true;

// Minor page faults so far; 0 where they are an emulator's.
std::size_t page_faults() {
    if (!g_counts_faults) return 0;
    long usage[18] = {};
    CHECK(emma_syscall(98, 0L, usage) == 0);  // getrusage(RUSAGE_SELF)
    return static_cast<std::size_t>(usage[8]);
}

// Objects in a list through their first word, every page written.
void* push(void* list, std::size_t size) {
    auto* const object = static_cast<unsigned char*>(emma_malloc(size));
    CHECK(object != nullptr);
    for (std::size_t at = 0; at < size; at += 4096) object[at] = 1;
    *reinterpret_cast<void**>(object) = list;
    return object;
}
void free_list(void* list) {
    while (list != nullptr) {
        void* const next = *static_cast<void**>(list);
        emma_free(list);
        list = next;
    }
}

void use(std::size_t size, std::size_t total) {
    void* list = nullptr;
    for (std::size_t bytes = 0; bytes + size <= total; bytes += size < 16 ? 16 : size)
        list = push(list, size);
    free_list(list);
}

void test_every_size() {
    for (const std::size_t size :
         {8u,      16u,      24u,      48u,      100u,     129u,      300u,
          1025u,   3000u,    4097u,    5000u,    33000u,   70000u,    131073u,
          600000u, 1048576u, 2000000u, 2100000u, 3000000u, 20000000u, 40000000u}) {
        const std::size_t before = page_faults();
        use(size, kReserved);
        const std::size_t faults = page_faults() - before;
        if (faults >= 20) {
            test_report("size", size);
            test_report("page faults", faults);
        }
        CHECK(faults < 20);  // of some 12,000 pages
    }
}

// ---- what is counted is what is made: nothing once it is sealed

emma_heap* g_before_reserve;  // made when the system's pages were the default source
emma_heap* g_under_reserve;

std::size_t calls_of(emma_heap* heap) {
    struct emma_stats stats;
    heap == nullptr ? emma_stats(&stats) : emma_heap_stats(heap, &stats);
    return stats.system_calls;
}

// Grows the heap beyond all it has and gives back: the allocations may fail.
void use_heap(emma_heap* heap) {
    for (const std::size_t size : {100u, 5000u, 200000u, 9000000u}) {
        void* const object = emma_heap_alloc(heap, size, 16);
        if (object == nullptr) continue;
        void* const moved = emma_heap_resize(heap, object, 16, 3 * size);
        emma_heap_free(heap, moved != nullptr ? moved : object);
    }
    (void)emma_heap_trim(heap);
}

void test_heaps_before_seal() {
    for (emma_heap* heap : {g_before_reserve, g_under_reserve}) {
        use_heap(heap);
        CHECK(emma_heap_check(heap, nullptr, nullptr) == 0);
    }
    CHECK(calls_of(g_before_reserve) > 3);
    CHECK(calls_of(g_under_reserve) == 0);  // the reserve was enough
}

void test_no_calls_after_seal() {
    const std::size_t before = calls_of(nullptr);
    const std::size_t before_reserve = calls_of(g_before_reserve);
    for (emma_heap* heap : {g_before_reserve, g_under_reserve}) use_heap(heap);
    emma_heap* const fresh = emma_heap_create(nullptr);
    CHECK(fresh != nullptr);
    use_heap(fresh);
    emma_heap_destroy(fresh);
    void* const object = emma_malloc(5000000);
    CHECK(object != nullptr);
    CHECK(emma_malloc(std::size_t{1} << 40) == nullptr);
    emma_free(emma_realloc(object, 9000000));
    (void)emma_trim();
    CHECK(calls_of(nullptr) == before);
    CHECK(calls_of(g_before_reserve) == before_reserve);
    CHECK(calls_of(g_under_reserve) == 0);
    for (emma_heap* heap : {g_before_reserve, g_under_reserve}) emma_heap_destroy(heap);
    CHECK(calls_of(nullptr) == before);
}

void test_sealed() {
    CHECK(emma_seal() == 0);
    CHECK(emma_seal() == 0);
    CHECK(emma_reserve(1) == kNotPermitted);
    test_no_calls_after_seal();
    void* list = nullptr;
    std::size_t bytes = 0;
    for (;; bytes += 1000) {
        *__errno_location() = 0;
        void* const object = emma_malloc(1000);
        if (object == nullptr) break;
        *static_cast<void**>(object) = list;
        list = object;
    }
    CHECK(*__errno_location() == kNoMemory);
    CHECK(bytes >= kReserved);
    CHECK(emma_malloc(100000) == nullptr);
    // Pages may be left, but none that hold an arena.
    emma_heap* const empty = emma_heap_create(nullptr);
    CHECK(empty == nullptr || emma_heap_alloc(empty, 100, 16) == nullptr);
    emma_heap_destroy(empty);
    free_list(list);
    emma_trim();
    for (const std::size_t size : {30u, 3000u, 300000u, 30000000u}) use(size, kReserved);
    emma_heap* const heap = emma_heap_create(nullptr);
    CHECK(heap != nullptr);
    CHECK(emma_heap_alloc(heap, 100, 16) != nullptr);
    emma_heap_destroy(heap);
    CHECK(emma_check(nullptr, nullptr) == 0);
}

}  // namespace

int main(int argc, char**) {
    g_counts_faults = argc == 1;
    CHECK(emma_reserve(~std::size_t{0}) == kNoMemory);
    CHECK(emma_reserve(std::size_t{1} << 50) == kNoMemory);
    void* const early = emma_malloc(5000000);
    g_before_reserve = emma_heap_create(nullptr);
    CHECK(emma_heap_alloc(g_before_reserve, 100, 16) != nullptr);
    use_heap(g_before_reserve);
    CHECK(emma_reserve(kReserved) == 0);
    g_under_reserve = emma_heap_create(nullptr);
    struct emma_stats stats;
    emma_stats(&stats);
    CHECK(stats.idle_bytes >= kReserved);
    emma_free(early);
    use(16, 1000);  // the code is there now
    use(5000000, 5000000);
    test_every_size();
    test_heaps_before_seal();
    test_sealed();
    return 0;
}

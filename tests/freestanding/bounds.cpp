// SPDX-License-Identifier: MIT OR Apache-2.0
// Every size at which the allocator changes its mind by every alignment to 2^63, through every
// entry point: as the first allocation of a heap, as the first after a trim, in a crowded heap and
// where memory is short; of the default heap, and of heaps of one's own over the system's pages,
// with a limit, in regions and over the program's functions. What is delivered is aligned and can
// be used, what is not is null with ENOMEM; every invariant holds and nothing stays mapped.
//
// An argument is the step from case to case; tests/scripts/bounds.sh takes each.
//
// TEST-ARGS: 89
// TEST-QEMU: 977 emulated
#include "tests/freestanding/bounds.h"
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/process.h"
#include "tests/freestanding/status.h"
#include "tests/freestanding/test.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>

extern "C" int* __errno_location();

namespace {

using bounds::Asked;

constexpr int kNoMemory = 12;  // ENOMEM

unsigned g_step = 1;
bool g_is_emulated = false;
unsigned g_first = 0;  // of the cases, another in each state

// ---- entry points; a null heap is the default one ----------------------------------------------

struct Delivered {
    void* object;
    bool is_zeroed;
};

// An object of a few bytes grows.
void* resize_from_small(emma_heap* heap, Asked asked) {
    void* const small = heap != nullptr ? emma_heap_alloc(heap, 24, asked.alignment)
                                        : emma_alloc(24, asked.alignment);
    if (small == nullptr) return nullptr;
    void* const object = heap != nullptr
                             ? emma_heap_resize(heap, small, asked.alignment, asked.size)
                             : emma_resize(small, 24, asked.alignment, asked.size);
    if (object == nullptr && heap != nullptr) emma_heap_free(heap, small);
    if (object == nullptr && heap == nullptr) emma_dealloc(small, 24, asked.alignment);
    return object;
}

void* by_posix(Asked asked) {
    void* object = nullptr;
    const std::size_t alignment = asked.alignment < 8 ? 8 : asked.alignment;
    const int error = emma_posix_memalign(&object, alignment, asked.size);
    CHECK(error == 0 || error == kNoMemory);
    if (error != 0) *__errno_location() = error;
    return error == 0 ? object : nullptr;
}

constexpr unsigned kWays = 7;

Delivered deliver(emma_heap* heap, unsigned way, Asked asked) {
    const auto [size, alignment] = asked;
    if (heap != nullptr) {
        if (way == 0 || way == 4) return {emma_heap_alloc_zeroed(heap, size, alignment), true};
        if (way == 1) return {emma_heap_resize(heap, nullptr, alignment, size), false};
        if (way == 2) return {resize_from_small(heap, asked), false};
        return {emma_heap_alloc(heap, size, alignment), false};
    }
    if (way == 0) return {emma_alloc_zeroed(size, alignment), true};
    if (way == 1) return {emma_resize(nullptr, 0, alignment, size), false};
    if (way == 2) return {resize_from_small(heap, asked), false};
    if (way == 3) return {by_posix(asked), false};
    if (way == 4) return {emma_memalign(alignment, size), false};
    if (way == 5) return {emma_alloc(size, alignment), false};
    return {emma_aligned_alloc(alignment, size), false};
}

void take_back(emma_heap* heap, unsigned way, void* object, Asked asked) {
    if (heap != nullptr) return emma_heap_free(heap, object);
    if (way % 3 == 0) return emma_dealloc(object, asked.size, asked.alignment);
    if (way % 3 == 1) return emma_free_aligned_sized(object, asked.alignment, asked.size);
    emma_free(object);
}

std::size_t usable_size(emma_heap* heap, void* object) {
    return heap != nullptr ? emma_heap_usable_size(heap, object) : emma_malloc_usable_size(object);
}

void check_all(emma_heap* heap) { heap != nullptr ? test_check_heap(heap) : test_check_all(); }

void trim(emma_heap* heap) { heap != nullptr ? emma_heap_trim(heap) : emma_trim(); }

// ---- one case ----------------------------------------------------------------------------------

void fail(const char* what, unsigned way, Asked asked) {
    test_report(what, way);
    test_report("  size", asked.size);
    test_report("  alignment", asked.alignment);
    test_exit(1);
}

// `must_have`: what is modest can be had.
void try_case(emma_heap* heap, unsigned number, bool must_have) {
    const Asked asked = bounds::asked(number);
    const unsigned way = number / bounds::kAlignments % kWays;
    *__errno_location() = 0;
    const Delivered delivered = deliver(heap, way, asked);
    if (delivered.object == nullptr) {
        if (*__errno_location() != kNoMemory) fail("null without ENOMEM, way", way, asked);
        if (must_have && bounds::is_modest(asked)) fail("null, way", way, asked);
        return;
    }
    const std::size_t usable = usable_size(heap, delivered.object);
    if (!bounds::is_good(delivered.object, usable, asked, delivered.is_zeroed))
        fail("not what was asked for, way", way, asked);
    take_back(heap, way, delivered.object, asked);
}

// An emulator takes memory for each page that is mapped.
bool is_for_emulator(Asked asked) {
    const std::size_t largest = asked.size > asked.alignment ? asked.size : asked.alignment;
    return largest >> 32 == 0 || largest >> 48 != 0;
}

template <typename Visitor>
void for_each_case(Visitor visit) {
    g_first = (g_first + 37) % g_step;
    for (unsigned number = g_first; number < bounds::kCases; number += g_step)
        if (!g_is_emulated || is_for_emulator(bounds::asked(number))) visit(number);
}

// ---- kinds of heaps ----------------------------------------------------------------------------

alignas(4096) unsigned char g_small_room[1 << 20];
alignas(4096) unsigned char g_large_room[32 << 20];
std::size_t g_held = 0, g_room_left = ~std::size_t{0};

void* map_pages(void*, std::size_t bytes, std::size_t alignment) {
    const std::size_t padded = bytes + alignment;
    if (padded < bytes || g_held + bytes > g_room_left) return nullptr;
    // PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    const long all = emma_syscall(9, 0L, padded, 3L, 0x4022L, -1L, 0L);
    if (all < 0 && all > -4096) return nullptr;
    const std::size_t before = -static_cast<std::size_t>(all) & (alignment - 1);
    const std::size_t start = static_cast<std::size_t>(all) + before;
    if (before != 0) emma_syscall(11, all, before);
    if (padded - before != bytes) emma_syscall(11, start + bytes, padded - before - bytes);
    g_held += bytes;
    return reinterpret_cast<void*>(start);
}
bool unmap_pages(void*, void* pages, std::size_t bytes) {
    g_held -= bytes;
    return emma_syscall(11, pages, bytes) == 0;
}

enum Kind { kSystem, kLimited, kSmallRegion, kLargeRegion, kFunctions, kKinds };

emma_heap* make(Kind kind) {
    static constexpr struct emma_page_source kPages = {map_pages, unmap_pages, nullptr, nullptr,
                                                       true};
    struct emma_heap_options options = {};
    if (kind == kLimited) options.limit_bytes = 6 << 20;
    if (kind == kSmallRegion || kind == kLargeRegion)
        options.region = kind == kSmallRegion ? g_small_room + 40 : g_large_room + 40;
    if (kind == kSmallRegion) options.region_bytes = sizeof g_small_room - 40;
    if (kind == kLargeRegion) options.region_bytes = sizeof g_large_room - 40;
    if (kind == kFunctions) options.source = &kPages;
    emma_heap* const heap = emma_heap_create(&options);
    CHECK(heap != nullptr);
    return heap;
}
bool has_all(Kind kind) { return kind == kSystem || kind == kFunctions; }

// ---- states ------------------------------------------------------------------------------------

// Until nothing more can be had of any of these; then some here and there go.
constexpr std::size_t kFill[] = {600000, 70000, 20000, 5000, 3000, 2500, 1500, 1000, 600, 300, 100};
void* g_objects[200000];
unsigned g_object_count = 0;

void fill(emma_heap* heap, std::size_t least, unsigned most_of_each) {
    g_object_count = 0;
    for (const std::size_t size : kFill) {
        if (size < least) break;
        for (unsigned i = 0; i < most_of_each && g_object_count < 200000; ++i) {
            void* const object =
                heap != nullptr ? emma_heap_alloc(heap, size, 16) : emma_malloc(size);
            if (object == nullptr) break;
            g_objects[g_object_count++] = object;
        }
    }
}
void free_some(emma_heap* heap, unsigned first, unsigned step) {
    for (unsigned i = first; i < g_object_count; i += step) {
        heap != nullptr ? emma_heap_free(heap, g_objects[i]) : emma_free(g_objects[i]);
        g_objects[i] = nullptr;
    }
}

// In the state that the heap is in. `after`: after each case.
template <typename After>
void try_each(emma_heap* heap, bool must_have, After after) {
    unsigned tried = 0;
    for_each_case([&](unsigned number) {
        try_case(heap, number, must_have);
        if (++tried % 64 == 0) check_all(heap);
        after();
    });
    check_all(heap);
}

void try_states(emma_heap* heap, bool must_have, bool can_be_short) {
    try_each(heap, must_have, [&] { trim(heap); });
    fill(heap, 300, 400);
    free_some(heap, 0, 5);
    try_each(heap, must_have, [] {});
    free_some(heap, 0, 1);
    if (can_be_short) {
        for (const unsigned step : {3u, 200001u}) {
            fill(heap, 0, 200000);
            free_some(heap, 1, step);
            try_each(heap, false, [] {});
            free_some(heap, 0, 1);
        }
    }
    trim(heap);
    check_all(heap);
}

void try_as_first(Kind kind) {
    for_each_case([&](unsigned number) {
        emma_heap* const heap = make(kind);
        try_case(heap, number, has_all(kind));
        test_check_heap(heap);
        emma_heap_destroy(heap);
    });
}

void try_own_heaps(Kind kind) {
    try_as_first(kind);
    g_room_left = ~std::size_t{0};
    emma_heap* const heap = make(kind);
    try_states(heap, has_all(kind), kind != kSystem && kind != kFunctions);
    if (kind == kFunctions) {
        g_room_left = g_held + (3 << 20);
        try_states(heap, false, true);
        g_room_left = ~std::size_t{0};
    }
    emma_heap_destroy(heap);
    CHECK(g_held == 0);
}

// ---- the default heap: in a child for each case, where it is to be the first
// ---------------------

template <typename Work>
void in_child(Work work) {
    const long child = process::fork_process(false);
    if (child == 0) {
        work();
        test_exit(0);
    }
    CHECK(process::wait_for_process(child) == 0);
}

void try_default_as_first() {
    for_each_case([](unsigned number) {
        in_child([&] {
            try_case(nullptr, number, true);
            test_check_all();
        });
    });
}

void try_default_when_short() {
    in_child([] {
        emma_free(emma_malloc(1));
        process::limit_memory((test_status_kib("VmSize:") << 10) + (5 << 20));
        try_states(nullptr, false, true);
    });
}

}  // namespace

int main(int argc, char** argv) {
    g_step = static_cast<unsigned>(test_argument(argc, argv, 1, 1));
    g_is_emulated = argc > 2;
    const std::size_t before = g_is_emulated ? 0 : test_status_kib("VmSize:");
    try_default_as_first();
    if (!g_is_emulated) try_default_when_short();
    for (unsigned kind = 0; kind < kKinds; ++kind) try_own_heaps(static_cast<Kind>(kind));
    CHECK(g_is_emulated || test_status_kib("VmSize:") == before);  // this process has used no other
    try_states(nullptr, true, false);
    return 0;
}

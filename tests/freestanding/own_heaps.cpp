// SPDX-License-Identifier: MIT OR Apache-2.0
// Heaps of one's own: over the system's pages, over a fixed region at any address and under a
// filter that kills on every system call, over functions of the program, with a limit; from several
// threads; refused options; what a destroyed heap leaves.
//
// TEST-LIMIT: 120
// TEST-QEMU: no-seccomp
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/status.h"
#include "tests/freestanding/test.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

extern "C" int* __errno_location();

namespace {

bool g_has_seccomp = true;

constexpr int kInvalid = 22;   // EINVAL
constexpr int kNoMemory = 12;  // ENOMEM

alignas(4096) unsigned char g_memory[20 << 20];

struct Object {
    unsigned char* bytes;
    std::size_t size;
};

// Mostly small, up to `largest`.
std::size_t some_size(test_random* random, std::size_t largest) {
    const std::uint64_t kind = test_below(random, 100);
    const std::size_t most = kind < 60 ? 300 : kind < 90 ? 3000 : largest;
    return 1 + test_below(random, most < largest ? most : largest);
}

// Allocates until nothing more can be had of any size, verifies, frees all; the bytes that could be
// used.
std::size_t fill(emma_heap* heap, std::size_t largest, std::uint64_t seed) {
    constexpr std::size_t kMost = 400000;
    static Object objects[kMost];
    test_random random = {seed};
    std::size_t count = 0, bytes = 0;
    for (int refused = 0; refused < 2000 && count < kMost;) {
        const std::size_t size = some_size(&random, largest);
        auto* const object = static_cast<unsigned char*>(emma_heap_alloc(heap, size, 16));
        if (object == nullptr) {
            refused++;
            continue;
        }
        CHECK(reinterpret_cast<std::uintptr_t>(object) % 16 == 0);
        test_fill(object, size, count);
        objects[count++] = {object, size};
        bytes += emma_heap_usable_size(heap, object);
    }
    test_check_heap(heap);
    for (std::size_t i = 0; i < count; i++) {
        CHECK(emma_heap_usable_size(heap, objects[i].bytes) >= objects[i].size);
        CHECK(test_verify(objects[i].bytes, objects[i].size, i));
        emma_heap_free(heap, objects[i].bytes);
    }
    struct emma_stats stats;
    emma_heap_stats(heap, &stats);
    CHECK(stats.live_objects == 0 && stats.live_bytes == 0);
    test_check_heap(heap);
    return bytes;
}

emma_heap* make_in_region(void* region, std::size_t bytes) {
    struct emma_heap_options options = {};
    options.region = region;
    options.region_bytes = bytes;
    emma_heap* const heap = emma_heap_create(&options);
    CHECK(heap != nullptr);
    return heap;
}

// Any address, any size, whatever was there before; three quarters can be used, again and again;
// nothing beside the region is written.
void test_regions() {
    const std::size_t sizes[] = {256 << 10, (256 << 10) + 4095, 300000,   1 << 20, 3000001,
                                 8 << 20,   (16 << 20) - 1,     16 << 20, 17 << 20};
    const std::size_t offsets[] = {0, 1, 16, 100, 4095, 65536 - 16, 300000};
    std::uint64_t seed = 1;
    for (const std::size_t size : sizes)
        for (const std::size_t offset : offsets) {
            if (size > 1000000 && offset > 16 && offset != 300000) continue;
            unsigned char* const region = g_memory + 4096 + offset;
            for (std::size_t i = 0; i < size + 8192; i += 8)
                *reinterpret_cast<std::uint64_t*>(g_memory + (4096 + offset - 4096) / 8 * 8 + i) =
                    0xa5a5a5a5a5a5a5a5;
            emma_heap* const heap = make_in_region(region, size);
            for (int round = 0; round < 2; round++) {
                const std::size_t used = fill(heap, size < (1 << 20) ? 16000 : 200000, seed++);
                if (used < size / 4 * 3) {
                    test_report("region of", size);
                    test_report("at offset", offset);
                    test_report("used", used);
                }
                CHECK(used >= size / 4 * 3);
                emma_heap_trim(heap);
            }
            for (std::size_t i = 1; i <= 64; i++) {
                CHECK(region[-static_cast<std::ptrdiff_t>(i)] == 0xa5);
                CHECK(region[size + i - 1] == 0xa5);
            }
            emma_heap_destroy(heap);
        }
}

void test_large_objects_in_regions() {
    emma_heap* const heap = make_in_region(g_memory + 5, 18 << 20);
    void* const huge = emma_heap_alloc(heap, 12 << 20, 16);
    CHECK(huge != nullptr);
    test_fill(huge, 12 << 20, 1);
    CHECK(emma_heap_alloc(heap, 12 << 20, 16) == nullptr);
    CHECK(*__errno_location() == kNoMemory);
    for (std::size_t alignment = 1; alignment <= 1 << 21; alignment *= 2) {
        void* const object = emma_heap_alloc(heap, 100, alignment);
        CHECK(object != nullptr);
        CHECK(reinterpret_cast<std::uintptr_t>(object) % alignment == 0);
        emma_heap_free(heap, object);
    }
    CHECK(test_verify(huge, 12 << 20, 1));
    void* const smaller = emma_heap_resize(heap, huge, 16, 9 << 20);
    CHECK(smaller != nullptr && test_verify_part(smaller, 12 << 20, 9 << 20, 1));
    void* const larger = emma_heap_resize(heap, smaller, 16, 11 << 20);
    CHECK(larger != nullptr && test_verify_part(larger, 12 << 20, 9 << 20, 1));
    emma_heap_free(heap, larger);
    auto* const zeroed = static_cast<unsigned char*>(emma_heap_alloc_zeroed(heap, 12 << 20, 16));
    CHECK(zeroed != nullptr && test_is_zero(zeroed, 12 << 20));
    emma_heap_destroy(heap);
}

// In a child that may only read, write and exit.
void test_region_under_seccomp() {
    if (!g_has_seccomp) return;
    const long child = emma_syscall(57);  // fork
    CHECK(child >= 0);
    if (child == 0) {
        CHECK(emma_syscall(157, 22L, 1L, 0L) == 0);  // prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)
        for (std::size_t size : {std::size_t{256} << 10, std::size_t{17} << 20}) {
            emma_heap* const heap = make_in_region(g_memory, size);
            fill(heap, 100000, 3);
            emma_heap_trim(heap);
            emma_heap_destroy(heap);
        }
        for (;;) emma_syscall(60, 0L);
    }
    int status = -1;
    CHECK(emma_syscall(61, child, &status, 0L, 0L) == child);
    CHECK(status == 0);
}

// Every page may be asked for once, then some again.
struct Bump {
    std::uintptr_t next;
    std::size_t mapped;
    bool refuses_unmap;
};
void* bump_map(void* context, std::size_t bytes, std::size_t alignment) {
    auto* const bump = static_cast<Bump*>(context);
    const std::uintptr_t start = (bump->next + alignment - 1) & ~(alignment - 1);
    const auto end = reinterpret_cast<std::uintptr_t>(g_memory + sizeof g_memory);
    if (start > end || bytes > end - start) return nullptr;
    bump->next = start + bytes;
    bump->mapped += bytes;
    return reinterpret_cast<void*>(start);
}
bool bump_unmap(void* context, void*, std::size_t bytes) {
    auto* const bump = static_cast<Bump*>(context);
    if (bump->refuses_unmap) return false;
    bump->mapped -= bytes;
    return true;
}

void test_functions() {
    for (const bool takes_back : {true, false}) {
        Bump bump = {reinterpret_cast<std::uintptr_t>(g_memory), 0, false};
        const struct emma_page_source source = {bump_map, takes_back ? bump_unmap : nullptr,
                                                nullptr, &bump, false};
        struct emma_heap_options options = {};
        options.source = &source;
        emma_heap* const heap = emma_heap_create(&options);
        CHECK(heap != nullptr);
        CHECK(fill(heap, 200000, 7) > 8 << 20);
        struct emma_stats stats;
        emma_heap_stats(heap, &stats);
        CHECK(stats.mapped_bytes <= bump.mapped);
        emma_heap_destroy(heap);
        CHECK(!takes_back || bump.mapped == 0);
    }
}

// A source that gives addresses with more than 48 bits (5-level paging): Emma cannot keep them, and
// gives them back untouched. Nothing is mapped there.
constexpr std::uintptr_t kTooHigh = std::uintptr_t{1} << 52;
void* high_map(void* context, std::size_t bytes, std::size_t) {
    *static_cast<std::size_t*>(context) += bytes;
    return reinterpret_cast<void*>(kTooHigh);
}
bool high_unmap(void* context, void* pages, std::size_t bytes) {
    CHECK(pages == reinterpret_cast<void*>(kTooHigh));
    *static_cast<std::size_t*>(context) -= bytes;
    return true;
}

void test_high_addresses() {
    std::size_t held_bytes = 0;
    const struct emma_page_source source = {high_map, high_unmap, nullptr, &held_bytes, true};
    struct emma_heap_options options = {};
    options.source = &source;
    *__errno_location() = 0;
    CHECK(emma_heap_create(&options) == nullptr);
    CHECK(*__errno_location() == kNoMemory);
    CHECK(held_bytes == 0);
    options = {};
    options.region_bytes = 1 << 20;
    for (const std::uintptr_t region : {kTooHigh, (std::uintptr_t{1} << 47) - 4096, ~kTooHigh}) {
        options.region = reinterpret_cast<void*>(region);
        *__errno_location() = 0;
        CHECK(emma_heap_create(&options) == nullptr);
        CHECK(*__errno_location() == kInvalid);
    }
}

void test_limit() {
    for (std::size_t limit = EMMA_HEAP_LEAST_LIMIT; limit <= 64 << 20; limit = limit * 2 + 12345) {
        struct emma_heap_options options = {};
        options.limit_bytes = limit;
        emma_heap* const heap = emma_heap_create(&options);
        CHECK(heap != nullptr);
        const std::size_t used = fill(heap, 50000, limit);
        struct emma_stats stats;
        emma_heap_stats(heap, &stats);
        CHECK(stats.mapped_peak_bytes <= limit);
        CHECK(used >= limit / 2);
        CHECK(used <= limit);
        CHECK(emma_heap_alloc(heap, limit, 16) == nullptr);
        // What is freed can be had again in another form.
        emma_heap_trim(heap);
        void* const large = emma_heap_alloc(heap, limit / 2, 16);
        CHECK(large != nullptr);
        emma_heap_destroy(heap);
    }
}

void refuse(const struct emma_heap_options& options, std::size_t least) {
    std::size_t said = 1;
    struct emma_heap_options asking = options;
    asking.least_bytes = &said;
    *__errno_location() = 0;
    CHECK(emma_heap_create(&asking) == nullptr);
    CHECK(*__errno_location() == kInvalid);
    CHECK(said == least);
    CHECK(emma_heap_create(&options) == nullptr);
}

void test_refusals() {
    struct emma_heap_options options = {};
    options.region = g_memory;
    refuse(options, EMMA_HEAP_LEAST_REGION);
    options.region_bytes = EMMA_HEAP_LEAST_REGION - 1;
    refuse(options, EMMA_HEAP_LEAST_REGION);
    options.region = nullptr;
    options.region_bytes = 1 << 20;
    refuse(options, 0);
    options = {};
    options.limit_bytes = EMMA_HEAP_LEAST_LIMIT - 1;
    refuse(options, EMMA_HEAP_LEAST_LIMIT);
    options = {};
    struct emma_page_source source = {};
    options.source = &source;
    refuse(options, 0);
    source.map = bump_map;
    options.region = g_memory;
    options.region_bytes = 1 << 20;
    refuse(options, 0);
    options = {};
    options.region = reinterpret_cast<void*>(~std::uintptr_t{0} - 5000);
    options.region_bytes = 1 << 20;
    refuse(options, 0);
    // The least sizes do.
    for (std::size_t offset = 0; offset < 4096; offset += 61) {
        emma_heap* const heap = make_in_region(g_memory + offset, EMMA_HEAP_LEAST_REGION);
        CHECK(fill(heap, 500, offset + 1) > EMMA_HEAP_LEAST_REGION / 4);
        emma_heap_destroy(heap);
    }
    emma_heap* const heap = emma_heap_create(nullptr);
    CHECK(heap != nullptr);
    CHECK(emma_heap_alloc(heap, 1, 0) == nullptr && *__errno_location() == kInvalid);
    CHECK(emma_heap_alloc(heap, 1, 48) == nullptr);
    CHECK(emma_heap_alloc(heap, test_opaque(~std::size_t{0}), 16) == nullptr);
    void* const object = emma_heap_alloc(heap, 0, 1);
    CHECK(emma_heap_owns(heap, object) && !emma_owns(object));
    CHECK(emma_heap_resize(heap, object, 3, 100) == nullptr);
    CHECK(emma_heap_resize(heap, object, 16, test_opaque(~std::size_t{0})) == nullptr);
    emma_heap_free(heap, object);
    emma_heap_free(heap, nullptr);
    emma_heap_destroy(heap);
    emma_heap_destroy(nullptr);
}

// Many at once, each with an object; then none, and nothing is left of them.
void test_many() {
    constexpr std::size_t kCount = 3000;
    static emma_heap* heaps[kCount];
    std::size_t before = 0;
    for (int round = 0; round < 2; round++) {
        for (std::size_t i = 0; i < kCount; i++) {
            heaps[i] = emma_heap_create(nullptr);
            CHECK(heaps[i] != nullptr);
            auto* const object = static_cast<std::size_t*>(emma_heap_alloc(heaps[i], 8, 8));
            CHECK(object != nullptr);
            *object = i;
        }
        for (std::size_t i = 0; i < kCount; i++) emma_heap_destroy(heaps[i]);
        const std::size_t after = test_status_kib("VmSize:");
        if (round == 1 && g_has_seccomp) CHECK(after == before);
        before = after;
    }
}

// ---- several threads in one heap

constexpr std::size_t kThreads = 4;
constexpr std::size_t kShared = 64;

struct Crew {
    emma_heap* heap;
    Object shared[kShared];
    std::size_t operations;
};

void* work(void* argument) {
    auto* const crew = static_cast<Crew*>(argument);
    test_random random = {reinterpret_cast<std::uintptr_t>(&random) | 1};
    for (std::size_t i = 0; i < crew->operations; i++) {
        const std::size_t size = some_size(&random, 60000);
        auto* fresh = static_cast<unsigned char*>(emma_heap_alloc(crew->heap, size + 8, 16));
        if (fresh != nullptr) {
            *reinterpret_cast<std::size_t*>(fresh) = size;
            test_fill(fresh + 8, size, size);
        }
        unsigned char** const place = &crew->shared[test_below(&random, kShared)].bytes;
        unsigned char* const old = __atomic_exchange_n(place, fresh, __ATOMIC_ACQ_REL);
        if (old == nullptr) continue;
        const std::size_t old_size = *reinterpret_cast<std::size_t*>(old);
        CHECK(test_verify(old + 8, old_size, old_size));
        emma_heap_free(crew->heap, old);
    }
    return nullptr;
}

void test_threads(emma_heap* heap) {
    static Crew crew;
    crew = {heap, {}, 20000};
    emma_thread* threads[kThreads];
    for (emma_thread*& thread : threads)
        CHECK(emma_thread_create(&thread, nullptr, work, &crew) == 0);
    for (emma_thread* thread : threads) CHECK(emma_thread_join(thread, nullptr) == 0);
    test_check_heap(heap);
    std::size_t count = 0;
    const auto add = [](void* sum, void*, std::size_t) {
        return ++*static_cast<std::size_t*>(sum) != 0;
    };
    CHECK(emma_heap_walk(heap, add, &count) == 0);
    const auto stop = [](void*, void*, std::size_t) { return false; };
    CHECK(emma_heap_walk(heap, stop, nullptr) == (count == 0 ? 0 : 1));
    for (Object& object : crew.shared) {
        count -= object.bytes != nullptr;
        emma_heap_free(heap, object.bytes);
    }
    CHECK(count == 0);
    emma_heap_destroy(heap);
}

}  // namespace

int main(int argc, char**) {
    g_has_seccomp = argc == 1;
    test_refusals();
    test_large_objects_in_regions();
    test_regions();
    test_region_under_seccomp();
    test_functions();
    test_high_addresses();
    test_limit();
    test_many();
    test_threads(emma_heap_create(nullptr));
    test_threads(make_in_region(g_memory + 3, 600000));
    test_threads(make_in_region(g_memory + 3, 18 << 20));
    test_check_all();
    return 0;
}

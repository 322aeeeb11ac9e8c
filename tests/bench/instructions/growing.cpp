// SPDX-License-Identifier: MIT OR Apache-2.0
// The operations whose costs tests/scripts/growing_costs.sh compares, beside n, 2n, 4n and 8n
// arenas, heaps or huge objects: in a static program without a libc, under callgrind. Objects are
// never touched, so all of it is address space.
//
//   growing OPERATION N    prints `operation size count` for each of the four sizes; the counted
//                          parts become callgrind's dumps, named `operation-size`
//
// A thread is a thread-local block with its own thread pointer: Emma tells threads by nothing else,
// and holds all of them for alive, as the one behind them is.
#include <asm/prctl.h>
#include <asm/unistd.h>
#include <emma.h>
#include <emma_crt.h>
#include <valgrind/callgrind.h>
#include <cstddef>
#include <cstdint>

#include "core/heap_slot.h"
#include "crt/thread.h"
#include "crt/tls.h"
#include "tests/freestanding/test.h"

namespace {

constexpr std::size_t kSizes = 4;
constexpr std::size_t kMost = 1 << 21;  // objects
void* g_objects[kMost];
std::size_t g_count;  // of them
const char* g_operation;
test_random g_random = {7};

// ---- what is beside the operation

void add(std::size_t bytes) {
    CHECK(g_count < kMost);
    void*& object = g_objects[g_count++];
    object = emma_malloc(bytes);
    CHECK(object != nullptr);
}
void add_until(std::size_t count, std::size_t bytes) {
    while (g_count < count) add(bytes);
}

// Makes another thread the one that runs.
void begin_thread() {
    using namespace emma::crt;
    const TlsImage& image = tls_image();
    const std::size_t block_bytes = align_up(image.block_bytes, image.alignment);
    const std::size_t bytes = align_up(block_bytes + sizeof(Thread), image.alignment);
    static std::uintptr_t next, end;
    if (end - next < bytes) {
        constexpr std::size_t kBytes = 1 << 20;
        next = static_cast<std::uintptr_t>(emma_syscall(__NR_mmap, 0L, kBytes, 3L, 0x22L, -1L, 0L));
        end = next + kBytes;
    }
    auto* const thread = reinterpret_cast<Thread*>(next + block_bytes);
    next += bytes;
    thread->control = current_thread()->control;
    thread->control.self = &thread->control;
    fill_tls_block(reinterpret_cast<std::uintptr_t>(thread));
    CHECK(emma_syscall(__NR_arch_prctl, static_cast<long>(ARCH_SET_FS), thread) == 0);
}
void add_threads_until(std::size_t& threads, std::size_t count) {
    for (; threads < count; ++threads) {
        begin_thread();
        CHECK(emma_thread_attach() == 0);
    }
}

// ---- counting

void begin() { CALLGRIND_ZERO_STATS; }

void end(std::size_t size, std::size_t count) {
    char name[64];
    char* at = name;
    for (const char* c = g_operation; *c != 0; ++c) *at++ = *c;
    *at++ = '-';
    char digits[20];
    unsigned digit_count = 0;
    for (std::size_t rest = size; rest != 0; rest /= 10)
        digits[digit_count++] = static_cast<char>('0' + rest % 10);
    while (digit_count != 0) *at++ = digits[--digit_count];
    *at = 0;
    CALLGRIND_DUMP_STATS_AT(name);
    test_print(g_operation);
    test_print(" ");
    test_print_number(size);
    test_report("", count);
}

// ---- the operations

constexpr std::size_t kHalfArena = 2200000;  // a little over it
constexpr std::size_t kMedium = 28000;
constexpr std::size_t kHuge = 8 << 20;

// From half of the size to the size, so that what is done now and then is counted as often as it is
// done.
void grow(std::size_t n, std::size_t bytes, std::size_t per_arena) {
    for (std::size_t size = n; size <= 8 * n; size *= 2) {
        add_until(size / 2 * per_arena, bytes);
        const std::size_t before = g_count;
        begin();
        add_until(size * per_arena, bytes);
        end(size, g_count - before);
    }
}
void claim(std::size_t n) { grow(n, kHalfArena, 1); }
void claim_slabs(std::size_t n) { grow(n, kMedium, 140); }
void make_huge(std::size_t n) { grow(n, kHuge, 1); }

// Some are freed, as many are allocated.
void replace_some(std::size_t bytes, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        void*& object = g_objects[test_below(&g_random, g_count)];
        emma_free(object);
        object = g_objects[--g_count];
    }
    for (std::size_t i = 0; i < count; ++i) add(bytes);
}
void replace(std::size_t n, std::size_t bytes) {
    constexpr std::size_t kBatches[] = {1, 10, 3};
    for (std::size_t size = n; size <= 8 * n; size *= 2) {
        add_until(size, bytes);
        std::size_t count = 0;
        const auto turn = [&] {
            count = 0;
            for (std::size_t i = 0; count < 1000; ++i) {
                replace_some(bytes, kBatches[i % 3]);
                count += kBatches[i % 3];
            }
        };
        turn();
        begin();
        turn();
        end(size, count);
    }
}
void replace_runs(std::size_t n) { replace(n, kHalfArena); }
void replace_huge(std::size_t n) { replace(n, kHuge); }

void first_allocation(std::size_t n) {
    std::size_t threads = 0;
    for (std::size_t size = n; size <= 8 * n; size *= 2) {
        constexpr std::size_t kCount = 100;
        add_threads_until(threads, size);
        begin();
        for (std::size_t i = 0; i < kCount; ++i, ++threads) {
            begin_thread();
            emma_free(test_opaque_pointer(emma_malloc(100)));
        }
        end(size, kCount);
    }
}

std::size_t borrows() {
    struct emma_stats stats;
    emma_stats(&stats);
    return stats.borrowed_heaps;
}

// By a thread in whose heap an operation is under way, as if a handler had interrupted that.
void borrow(std::size_t n) {
    std::size_t threads = 0;
    for (std::size_t size = n; size <= 8 * n; size *= 2) {
        constexpr std::size_t kCount = 1000;
        add_threads_until(threads, size);
        emma::ThreadHeap* const own = emma::current_heap();
        CHECK(own->enter());
        const std::size_t before = borrows();
        begin();
        for (std::size_t i = 0; i < kCount; ++i)
            emma_free(test_opaque_pointer(emma_malloc(test_opaque(100))));
        end(size, kCount);
        CHECK(borrows() - before >= kCount);
        own->leave();
    }
}

// A heap that is as large as it may be, of so many arenas.
void edge(std::size_t n, std::size_t bytes) {
    for (std::size_t size = n; size <= 8 * n; size *= 2) {
        constexpr std::size_t kCount = 100;
        emma_heap_options options{};
        options.limit_bytes = size << 22;
        emma_heap* const heap = emma_heap_create(&options);
        CHECK(heap != nullptr);
        for (g_count = 0; (g_objects[g_count] = emma_heap_alloc(heap, bytes, 16)) != nullptr;)
            CHECK(++g_count < kMost);
        const auto turn = [&] {
            for (std::size_t i = 0; i < kCount; ++i) {
                void*& object = g_objects[test_below(&g_random, g_count)];
                emma_heap_free(heap, object);
                object = emma_heap_alloc(heap, bytes, 16);
                CHECK(object != nullptr);
            }
        };
        turn();
        begin();
        turn();
        end(size, kCount);
        emma_heap_destroy(heap);
    }
}
void edge_runs(std::size_t n) { edge(n, kHalfArena); }

// So many arenas and as many heaps.
template <typename Operation>
void walk(std::size_t n, Operation operation) {
    std::size_t threads = 0;
    for (std::size_t size = n; size <= 8 * n; size *= 2) {
        add_threads_until(threads, size);
        add_until(size, kHalfArena);
        begin();
        operation();
        end(size, 2 * size);
    }
}
void check(std::size_t n) {
    walk(n, [] { CHECK(emma_check(nullptr, nullptr) == 0); });
}
void trim(std::size_t n) {
    walk(n, [] { (void)emma_trim(); });
}

struct Operation {
    const char* name;
    void (*run)(std::size_t n);
};
constexpr Operation kOperations[] = {
    {"claim", claim},          {"claim-slabs", claim_slabs},
    {"replace", replace_runs}, {"first-allocation", first_allocation},
    {"borrow", borrow},        {"edge", edge_runs},
    {"check", check},          {"trim", trim},
    {"huge", make_huge},       {"replace-huge", replace_huge},
};

bool is_same(const char* a, const char* b) {
    while (*a != 0 && *a == *b) ++a, ++b;
    return *a == *b;
}

}  // namespace

int main(int argc, char** argv) {
    CHECK(argc == 3);
    std::size_t n = 0;
    for (const char* c = argv[2]; *c != 0; ++c) n = n * 10 + static_cast<std::size_t>(*c - '0');
    for (const Operation& operation : kOperations) {
        if (!is_same(operation.name, argv[1])) continue;
        g_operation = operation.name;
        CHECK(emma_thread_attach() == 0);
        operation.run(n);
        return 0;
    }
    return 1;
}

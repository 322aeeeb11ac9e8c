// SPDX-License-Identifier: MIT OR Apache-2.0
// A heap that processes share, of which one is killed at every instruction of every operation: what
// the others find then is taken back, whole, serves on, and has lost no more than emma.h says.
//
// The operation runs under the processor's trap flag. At each instruction the memory is as it would
// be if the process were killed there; so a child takes a copy of it, attaches to the heap as
// another process and goes on, while the operation waits. At every instruction if argument 1
// is "all", else at some 20 of each operation; argument 2 is the seed that chooses them.
//
// TEST-LIMIT: 300
// TEST-QEMU: no, because its user mode does not honour the trap flag
#include "tests/freestanding/process.h"

#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <emma.h>
#include <initializer_list>

namespace {

constexpr std::size_t kRegionBytes = std::size_t{2} << 20;
constexpr std::size_t kArenaBytes = 256 << 10;
constexpr std::uint64_t kTrapFlag = 0x100;

unsigned char* g_region;
alignas(4096) unsigned char g_copy[kRegionBytes];
emma_heap* g_heap;

// ---- what is live ------------------------------------------------------------------------------

constexpr std::size_t kObjects = 240;
struct Object {
    void* start;
    std::size_t size;
};
Object g_objects[kObjects];
Object g_touched;  // the operation frees or resizes it: at a point it may be live or not

void* allocate(std::size_t size) {
    void* const object = emma_heap_alloc(g_heap, size, 16);
    CHECK(object != nullptr);
    test_fill(object, size, size);
    return object;
}

void verify_all() {
    for (const Object& object : g_objects)
        if (object.start != nullptr) CHECK(test_verify(object.start, object.size, object.size));
}

void free_all() {
    for (Object& object : g_objects) {
        if (object.start != nullptr) emma_heap_free(g_heap, object.start);
        object.start = nullptr;
    }
}

// Small ones of several slabs, runs, huge ones; every third small one is free again.
void set_up() {
    const struct emma_heap_options options = {
        .source = nullptr,
        .region = g_region,
        .region_bytes = kRegionBytes,
        .limit_bytes = 0,
        .least_bytes = nullptr,
        .is_shared = true,
    };
    g_heap = emma_heap_create(&options);
    CHECK(g_heap != nullptr);
    constexpr std::size_t kSizes[] = {16, 48, 640, 3000, 9000, 140000};
    for (std::size_t i = 0; i < kObjects; i++) {
        const std::size_t kind = i % 32 == 7 ? 4 : i == 100 ? 5 : i % 4;
        g_objects[i] = {allocate(kSizes[kind]), kSizes[kind]};
    }
    for (std::size_t i = 0; i < kObjects; i += 3) {
        emma_heap_free(g_heap, g_objects[i].start);
        g_objects[i].start = nullptr;
    }
    CHECK(emma_heap_attach(g_region, kRegionBytes, 1) == g_heap);
}

std::size_t idle_bytes() {
    struct emma_stats stats;
    emma_heap_stats(g_heap, &stats);
    return stats.idle_bytes;
}

// ---- the operations ----------------------------------------------------------------------------

void touch(std::size_t size) { g_touched = {allocate(size), size}; }
void nothing() {}

void check_whole() { CHECK(emma_heap_check(g_heap, nullptr, nullptr) == 0); }
bool go_on(void*, void*, std::size_t) { return true; }

template <std::size_t size>
void allocate_one() {
    CHECK(emma_heap_alloc(g_heap, size, 16) != nullptr);
}
template <std::size_t size>
void touch_one() {
    touch(size);
}
void free_touched() { emma_heap_free(g_heap, g_touched.start); }
template <std::size_t size>
void resize_touched() {
    CHECK(emma_heap_resize(g_heap, g_touched.start, 16, size) != nullptr);
}
// A slab of its own, of which one object is left.
void touch_last_of_slab() {
    static void* objects[64];
    for (void*& object : objects) object = allocate(1100);
    for (std::size_t i = 1; i < 64; i++) emma_heap_free(g_heap, objects[i]);
    g_touched = {objects[0], 1100};
}
void trim() { (void)emma_heap_trim(g_heap); }
void walk() { CHECK(emma_heap_walk(g_heap, go_on, nullptr) == 0); }
void read_stats() { (void)idle_bytes(); }
void owns() { CHECK(emma_heap_owns(g_heap, g_objects[1].start)); }
void recover() { (void)emma_heap_recover(g_heap, 9); }
void leave_a_heap();  // below, as it steps
void attach() { CHECK(emma_heap_attach(g_region, kRegionBytes, 1) == g_heap); }

struct Operation {
    const char* name;
    void (*before)();
    void (*run)();
    std::size_t most_lost = kArenaBytes;
};
constexpr Operation kOperations[] = {
    {"alloc a slot", nothing, allocate_one<48>},
    {"alloc a slab", nothing, allocate_one<200>},
    {"alloc a run", nothing, allocate_one<20000>},
    {"alloc a huge object", nothing, allocate_one<200000>},
    {"alloc in vain", nothing, [] { CHECK(!emma_heap_alloc(g_heap, kRegionBytes, 16)); }},
    {"free a slot", touch_one<48>, free_touched},
    {"free the last of a slab", touch_last_of_slab, free_touched},
    {"free a run", touch_one<20000>, free_touched},
    {"free a huge object", touch_one<200000>, free_touched},
    {"resize a slot", touch_one<48>, resize_touched<500>},
    {"resize a run in place", touch_one<20000>, resize_touched<28000>},
    {"resize a run", touch_one<20000>, resize_touched<150000>},
    {"resize a huge object", touch_one<200000>, resize_touched<300000>, 300000 + 4096},
    {"shrink a huge object", touch_one<200000>, resize_touched<140000>},
    {"trim", touch_one<20000>, trim},
    {"check", nothing, check_whole},
    {"walk", nothing, walk},
    {"stats", nothing, read_stats},
    {"owns", nothing, owns},
    {"recover nothing", nothing, recover},
    {"recover", leave_a_heap, recover},
    {"attach", nothing, attach},
};

// ---- at a point --------------------------------------------------------------------------------

std::uint64_t g_point, g_next, g_step, g_after;  // of the operation: instructions
std::uint64_t g_death = 0;  // the instruction at which the process ends; 0: none
std::size_t g_most_lost, g_least_idle, g_idle_of_all_free;

// Memory of its own at the same place, with the same contents: what is a page of the other
// process's own is not among them.
void take_copy() {
    __builtin_memcpy(g_copy, g_region, kRegionBytes);
    // PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED
    CHECK(emma_syscall(__NR_mmap, g_region, kRegionBytes, 3L, 0x31L, -1L, 0L) ==
          reinterpret_cast<long>(g_region));
    __builtin_memcpy(g_region, g_copy, kRegionBytes);
    const std::uintptr_t own = reinterpret_cast<std::uintptr_t>(g_heap) & ~std::uintptr_t{4095};
    __builtin_memset(reinterpret_cast<void*>(own), 0, 4096);
}

struct Result {
    std::size_t lost;
    std::size_t idle;
};

// The life of the process that finds the other one killed.
void survive(Result& result) {
    take_copy();
    g_heap = emma_heap_attach(g_region, kRegionBytes, 2);
    CHECK(g_heap != nullptr);
    (void)emma_heap_recover(g_heap, 9);
    result.lost = emma_heap_recover(g_heap, 1);
    check_whole();
    verify_all();
    for (std::size_t size : {16ul, 48ul, 48ul, 200ul, 640ul, 3000ul, 9000ul, 20000ul}) {
        void* const object = allocate(size);
        CHECK(test_verify(object, size, size));
        emma_heap_free(g_heap, object);
    }
    verify_all();
    free_all();
    check_whole();
    (void)emma_heap_trim(g_heap);
    result.idle = idle_bytes();
    check_whole();
}

Result* g_result;  // shared with the children

void at_point() {
    const long child = process::fork_process(false);
    if (child == 0) {
        survive(*g_result);
        process::end_process(0);
    }
    const int status = process::wait_for_process(child);
    if (status != 0) test_report("  killed at point", g_point);
    CHECK(status == 0);
    if (g_result->lost > g_most_lost) g_most_lost = g_result->lost;
    if (g_result->idle < g_least_idle) g_least_idle = g_result->idle;
}

void on_trap(int, void*, ucontext* context) {
    if (context->uc_mcontext.rip == g_after) {
        context->uc_mcontext.eflags &= ~kTrapFlag;
        return;
    }
    if (g_point == g_death && g_death != 0) process::end_process(0);
    if (g_point++ != g_next) return;
    g_next += g_step;
    at_point();
}

[[gnu::noinline]] void step(void (*run)()) {
    asm volatile(
        "lea 1f(%%rip), %%rax\n"
        "mov %%rax, %0\n"
        "mov %%rsp, %%rbx\n"
        "sub $256, %%rsp\n"  // beyond the red zone
        "and $-16, %%rsp\n"
        "pushfq\n"
        "orq $0x100, (%%rsp)\n"
        "popfq\n"
        "call *%1\n"
        "1: mov %%rbx, %%rsp\n"
        : "=m"(g_after)
        : "r"(run)
        : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
}

// Another process, number 9, ends in the middle of an allocation that makes a slab.
void leave_a_heap() {
    const long child = process::fork_process(false);
    if (child == 0) {
        CHECK(emma_heap_attach(g_region, kRegionBytes, 9) == g_heap);
        g_point = 0;
        g_next = ~std::uint64_t{0};
        g_death = 450;
        step(allocate_one<200>);
        process::end_process(1);
    }
    CHECK(process::wait_for_process(child) == 0);
}

// From the instruction `first` on at every `every`-th.
void run_stepped(const Operation& operation, std::uint64_t first, std::uint64_t every) {
    set_up();
    operation.before();
    g_point = 0;
    g_next = first;
    g_step = every;
    step(operation.run);
    verify_all();
    check_whole();
}

void try_operation(const Operation& operation, bool is_all, std::uint64_t seed) {
    run_stepped(operation, ~std::uint64_t{0}, 0);
    const std::uint64_t every = is_all ? 1 : g_point / 20 + 1;
    g_most_lost = 0;
    g_least_idle = ~std::size_t{0};
    run_stepped(operation, seed % every, every);
    test_print(operation.name);
    test_report(": points", g_point);
    test_report("  tried", g_point / every);
    test_report("  lost at most", g_most_lost);
    test_report("  idle afterwards at least", g_least_idle);
    CHECK(g_most_lost <= operation.most_lost);
    // An object that is lost keeps its arena, or is huge.
    CHECK(g_least_idle + kArenaBytes + operation.most_lost >= g_idle_of_all_free);
}

}  // namespace

int main(int argc, char** argv) {
    const bool is_all = argc > 1 && argv[1][0] == 'a';
    std::uint64_t seed = test_argument(argc, argv, 2, 0);
    if (seed == 0) seed = *reinterpret_cast<const std::uint64_t*>(emma_getauxval(25)) >> 16 | 1;
    test_report("seed", seed);
    process::limit_time(is_all ? 3000 : 280);
    g_region = static_cast<unsigned char*>(process::map_shared(kRegionBytes));
    g_result = static_cast<Result*>(process::map_shared(4096));
    process::install_handler(process::kSigTrap, reinterpret_cast<void*>(on_trap));
    set_up();
    free_all();
    trim();
    g_idle_of_all_free = idle_bytes();
    for (const Operation& operation : kOperations) try_operation(operation, is_all, seed);
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// A handler leaves an allocation, a free or a resize by longjmp, at every instruction of theirs in
// turn, thousands of times. emma_thread_attach() takes the heap back each time: there is never a
// second one, nor does memory add up. What an operation had in its hands is lost, no more. Without
// that call the heaps stay few too: those that it borrows are taken back as they are needed.
//
// TEST-KIND: static
// TEST-ONCE: the instructions of one build are enough
// TEST-QEMU: no, because its user mode does not honour the trap flag
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/process.h"

#include <asm/sigcontext.h>
#include <asm/ucontext.h>

namespace {

constexpr std::size_t kObjects = 128, kPerCycle = 40;
constexpr std::uint64_t kTrapFlag = 0x100;

struct Object {
    unsigned char* bytes;
    std::size_t size;
    std::uint64_t tag;
};
Object g_objects[kObjects];
test_random g_random{7};

void* g_jump_buffer[5];
volatile std::uint64_t g_steps, g_target;  // instructions since the flag was set; where to leave

void on_trap(int, void*, ucontext* context) {
    g_steps = g_steps + 1;
    if (g_steps < g_target) return;
    context->uc_mcontext.eflags &= ~kTrapFlag;
    __builtin_longjmp(g_jump_buffer, 1);
}
void set_flag() { asm volatile("pushfq; orq $0x100, (%%rsp); popfq" : : : "memory", "cc"); }
void clear_flag() { asm volatile("pushfq; andq $~0x100, (%%rsp); popfq" : : : "memory", "cc"); }

std::size_t some_size() {
    const std::uint64_t kind = test_below(&g_random, 16);
    return kind == 0 ? 20000 : kind == 1 ? 100000 : 16 + test_below(&g_random, 2000);
}

void keep(Object& place, void* fresh, std::size_t size) {
    CHECK(fresh != nullptr);
    const std::uint64_t tag = test_next(&g_random);
    test_fill(fresh, size, tag);
    place = {static_cast<unsigned char*>(fresh), size, tag};
}
void fill_up() {
    for (Object& object : g_objects) {
        if (object.bytes != nullptr) continue;
        const std::size_t size = some_size();
        keep(object, emma_malloc(size), size);
    }
}

// One operation under the trap flag. What it is about belongs to nobody if it is left.
void operate() {
    Object& place = g_objects[test_below(&g_random, kObjects)];
    const Object old = place;
    place = {};
    if (old.bytes != nullptr) CHECK(test_verify(old.bytes, old.size, old.tag));
    const std::size_t size = some_size();
    void* fresh = nullptr;
    const bool resizes = old.bytes != nullptr && test_below(&g_random, 4) == 0;
    g_steps = 0;
    set_flag();
    if (resizes) {
        fresh = emma_realloc(old.bytes, size);
    } else if (old.bytes != nullptr) {
        emma_free(old.bytes);
    } else {
        fresh = emma_malloc(size);
    }
    clear_flag();
    if (old.bytes != nullptr && !resizes) return;
    keep(place, fresh, size);
}

// Another thread frees some of the objects: its frees are collected in operations that are left.
void* free_some(void*) {
    for (std::size_t i = 0; i < kObjects; i += 5) {
        Object& object = g_objects[i];
        if (object.bytes == nullptr) continue;
        CHECK(test_verify(object.bytes, object.size, object.tag));
        emma_free(object.bytes);
        object = {};
    }
    return nullptr;
}

[[gnu::noinline]] void jump_out_at(std::uint64_t target) {
    g_target = target;
    if (__builtin_setjmp(g_jump_buffer) == 0) {
        for (;;) operate();
    }
    g_target = ~std::uint64_t{0};
}

struct emma_stats stats_now() {
    struct emma_stats stats;
    emma_stats(&stats);
    return stats;
}

// The same without emma_thread_attach(), in a process of its own: the thread's own heap is left
// behind, then every operation borrows one.
void never_attach(std::uint64_t jumps) {
    // One for each place on the stack: see core/holder.h.
    constexpr std::uint64_t kMostHeaps = 8;
    for (std::uint64_t jump = 0; jump < jumps; jump++) {
        jump_out_at(1 + jump % (4 * kPerCycle) * (1 + jump / (4 * kPerCycle) % 12));
        if (jump % 64 == 0) fill_up();
    }
    for (Object& object : g_objects) {
        if (object.bytes != nullptr) CHECK(test_verify(object.bytes, object.size, object.tag));
        emma_free(object.bytes);
    }
    const struct emma_stats stats = stats_now();
    test_report("without attaching, jumps", jumps);
    test_report("heaps", stats.heaps);
    test_report("mapped, KiB", stats.mapped_bytes >> 10);
    CHECK(stats.heaps <= kMostHeaps);
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t jumps = test_argument(argc, argv, 1, 500);
    process::install_handler(process::kSigTrap, reinterpret_cast<void*>(on_trap));
    std::size_t heaps = 0;
    fill_up();
    const long child = process::fork_process(false);
    if (child == 0) {
        never_attach(2 * jumps);
        process::end_process(0);
    }
    CHECK(process::wait_for_process(child) == 0);
    for (std::uint64_t jump = 0; jump < jumps; jump++) {
        // Points of long operations are reached now and then only.
        jump_out_at(1 + jump % kPerCycle * (1 + jump / kPerCycle % 12));
        CHECK(emma_thread_attach() == 0);
        if (jump % 64 != 0) continue;
        fill_up();
        emma_thread* thread;
        CHECK(emma_thread_create(&thread, nullptr, free_some, nullptr) == 0);
        CHECK(emma_thread_join(thread, nullptr) == 0);
        test_check_all();
        if (jump == 0) heaps = stats_now().heaps;
    }
    for (Object& object : g_objects) {
        if (object.bytes != nullptr) CHECK(test_verify(object.bytes, object.size, object.tag));
        emma_free(object.bytes);
    }
    (void)emma_trim();
    test_check_all();
    const struct emma_stats stats = stats_now();
    test_report("jumps", jumps);
    test_report("heaps", stats.heaps);
    test_report("objects lost", stats.live_objects);
    test_report("mapped, KiB", stats.mapped_bytes >> 10);
    if (EMMA_TLS != 0) CHECK(stats.heaps <= heaps + 1);
    CHECK(stats.live_objects <= jumps + 64 * jumps / 100);
    return 0;
}

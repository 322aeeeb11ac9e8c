// SPDX-License-Identifier: MIT OR Apache-2.0
// emma_limit_calls: from then on three kinds of calls do, under a filter of the kernel's that kills
// the process at any other. Called first of all, after work of every kind, beside a reserve before
// and after it, and beside heaps of the program's own; every try is a process of its own. The same
// work without the call is killed.
//
// TEST-QEMU: no, because the emulation of user mode has no seccomp filters
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/process.h"
#include "tests/freestanding/test.h"

#include <emma.h>
#include <emma_crt.h>
#include <emma_seccomp.h>
#include <cstddef>
#include <cstdint>

#include <asm/unistd.h>

namespace {

constexpr int kSigSys = 31;

// The three calls, and those of the test: it writes, and ends.
void install_filter() {
    emma_seccomp_instruction room[EMMA_SECCOMP_ROOM];
    emma_seccomp_filter filter;
    emma_seccomp_begin(&filter, room, EMMA_SECCOMP_ROOM);
    emma_seccomp_allow_emma(&filter, EMMA_SECCOMP_MINIMUM | EMMA_SECCOMP_EXIT);
    emma_seccomp_allow(&filter, __NR_write);
    emma_seccomp_end(&filter, EMMA_SECCOMP_KILL_PROCESS);
    CHECK(emma_seccomp_install(&filter, 0) == 0);
}

// An object whose ends are written.
unsigned char* make(std::size_t size, std::size_t alignment = 16) {
    auto* const object = static_cast<unsigned char*>(emma_aligned_alloc(alignment, size));
    CHECK(object != nullptr && reinterpret_cast<std::uintptr_t>(object) % alignment == 0);
    object[0] = object[size - 1] = 7;
    return object;
}

// Runs of all lengths, huge objects that grow, shrink and move, arenas that come and go.
void work() {
    constexpr std::size_t kObjects = 400;
    static unsigned char* objects[kObjects];
    for (int round = 0; round < 3; ++round) {
        std::size_t size = 16;
        for (unsigned char*& object : objects) {
            object = make(size);
            size = size < (6u << 20) ? size + size / 16 + 16 : 100;
        }
        for (std::size_t i = 0; i < kObjects; i += 7) {
            auto* const grown = static_cast<unsigned char*>(emma_realloc(objects[i], 9u << 20));
            CHECK(grown != nullptr && grown[0] == 7);
            objects[i] = static_cast<unsigned char*>(emma_realloc(grown, 5u << 20));
            CHECK(objects[i] != nullptr && objects[i][0] == 7);
        }
        for (unsigned char* object : objects) emma_free(object);
        emma_free(make(100, std::size_t{64} << 20));
        (void)emma_trim();
    }
    struct emma_stats stats;
    emma_stats(&stats);
    CHECK(stats.live_objects == 0);
    test_check_all();
}

void work_in_own_heap(emma_heap* heap) {
    void* small = emma_heap_alloc(heap, 500, 16);
    void* huge = emma_heap_alloc(heap, 9u << 20, 16);
    CHECK(small != nullptr && huge != nullptr);
    huge = emma_heap_resize(heap, huge, 16, 20u << 20);
    CHECK(huge != nullptr);
    emma_heap_free(heap, small);
    emma_heap_free(heap, huge);
    (void)emma_heap_trim(heap);
    CHECK(emma_heap_check(heap, nullptr, nullptr) == 0);
    emma_heap_destroy(heap);
}

void limit() {
    CHECK(emma_limit_calls() == 0);
    install_filter();
}

void first_of_all() {
    limit();
    work();
}
void after_work() {
    work();
    limit();
    work();
}
// What grew in place by the calls that are no longer made, goes on.
void in_the_middle() {
    unsigned char* const small = make(100);
    unsigned char* huge = make(9u << 20);
    limit();
    huge = static_cast<unsigned char*>(emma_realloc(huge, 30u << 20));
    CHECK(huge != nullptr && huge[0] == 7 && huge[(9u << 20) - 1] == 7);
    emma_free(huge);
    emma_free(small);
    work();
}
void after_a_reserve() {
    CHECK(emma_reserve(8u << 20) == 0);
    limit();
    work();
}
void before_a_reserve() {
    limit();
    CHECK(emma_reserve(8u << 20) == 0);
    work();
    CHECK(emma_seal() == 0);
    emma_free(make(1u << 20));
}
void with_own_heaps() {
    emma_heap* const before = emma_heap_create(nullptr);
    CHECK(before != nullptr);
    emma_heap_free(before, emma_heap_alloc(before, 100, 16));
    limit();
    work_in_own_heap(before);
    emma_heap* const after = emma_heap_create(nullptr);
    CHECK(after != nullptr);
    work_in_own_heap(after);
}
void without_the_call() {
    install_filter();
    work();
}

int end_of(void (*body)()) {
    const long child = process::fork_process(false);
    if (child == 0) {
        process::limit_time(30);
        body();
        process::end_process(0);
    }
    return process::wait_for_process(child);
}

}  // namespace

int main() {
    constexpr void (*kTries[])() = {first_of_all,    after_work,       in_the_middle,
                                    after_a_reserve, before_a_reserve, with_own_heaps};
    for (auto* const body : kTries) CHECK(end_of(body) == 0);
    CHECK((end_of(without_the_call) & 0x7f) == kSigSys);
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Always callable: in the child of a fork made while other threads allocate, at any of their
// instructions, every size can be allocated, what was alive holds its contents and can be freed.
//
//   fork [SEED [FORKS]]
//
// TEST-LIMIT: 120
// TEST-ARGS: 0 40
// TEST-QEMU: no, because its own locks do not outlive a fork beside threads
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/test.h"

#include <asm/unistd.h>
#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>

namespace {

constexpr std::size_t kThreadCount = 3;
constexpr std::size_t kKeptCount = 100;
bool stop = false;

std::size_t some_size(test_random* random) {
    const std::uint64_t kind = test_below(random, 100);
    return test_below(random, kind < 70 ? 300 : kind < 90 ? 5000 : kind < 99 ? 100000 : 3000000);
}

// Allocates and frees without end.
void* churn(void* argument) {
    test_random random = {reinterpret_cast<std::uintptr_t>(argument)};
    unsigned char* objects[64] = {};
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        unsigned char*& object = objects[test_below(&random, 64)];
        emma_free(object);
        object = static_cast<unsigned char*>(emma_malloc(some_size(&random)));
        CHECK(object != nullptr);
    }
    for (unsigned char* object : objects) emma_free(object);
    return nullptr;
}

struct Kept {
    unsigned char* bytes;
    std::size_t size;
};

// Never returns.
void be_child(Kept* kept, test_random* random) {
    for (std::size_t i = 0; i < kKeptCount; i++) {
        CHECK(test_verify(kept[i].bytes, kept[i].size, i));
        if (i % 2 == 0) emma_free(kept[i].bytes);
    }
    unsigned char* objects[64] = {};
    std::size_t sizes[64] = {};
    for (std::size_t i = 0; i < 1500; i++) {
        const std::size_t at = test_below(random, 64);
        if (objects[at] != nullptr) CHECK(test_verify(objects[at], sizes[at], at));
        emma_free(objects[at]);
        sizes[at] = some_size(random);
        objects[at] = static_cast<unsigned char*>(emma_malloc(sizes[at]));
        CHECK(objects[at] != nullptr);
        test_fill(objects[at], sizes[at], at);
    }
    for (std::size_t i = 1; i < kKeptCount; i += 2)
        CHECK(test_verify(kept[i].bytes, kept[i].size, i));
    test_check_all();
    test_exit(0);
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t seed = test_argument(argc, argv, 1, 0);
    const std::uint64_t forks = test_argument(argc, argv, 2, 40);
    if (seed == 0) seed = *reinterpret_cast<const std::uint64_t*>(emma_getauxval(25)) >> 16 | 1;
    test_report("seed", seed);
    test_random random = {seed};
    Kept kept[kKeptCount];
    for (std::size_t i = 0; i < kKeptCount; i++) {
        const std::size_t size = some_size(&random);
        kept[i] = {static_cast<unsigned char*>(emma_malloc(size)), size};
        CHECK(kept[i].bytes != nullptr);
        test_fill(kept[i].bytes, size, i);
    }
    emma_thread* threads[kThreadCount];
    for (emma_thread*& thread : threads)
        CHECK(emma_thread_create(&thread, nullptr, churn,
                                 reinterpret_cast<void*>(test_next(&random) | 1)) == 0);
    for (std::uint64_t i = 0; i < forks; i++) {
        const long child = emma_syscall(__NR_fork);
        CHECK(child >= 0);
        if (child == 0) be_child(kept, &random);
        int status = -1;
        CHECK(emma_syscall(__NR_wait4, child, &status, 0L, 0L) == child);
        if (status != 0) test_report("a child ended with status", static_cast<unsigned>(status));
        CHECK(status == 0);
        test_next(&random);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (emma_thread* thread : threads) CHECK(emma_thread_join(thread, nullptr) == 0);
    for (const Kept& object : kept) emma_free(object.bytes);
    struct emma_stats stats;
    emma_stats(&stats);
    CHECK(stats.live_objects == 0);
    test_check_all();
    return 0;
}

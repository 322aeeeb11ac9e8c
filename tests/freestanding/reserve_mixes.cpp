// SPDX-License-Identifier: MIT OR Apache-2.0
// What emma_reserve promises, exactly: one thread allocates objects of that many bytes in all, in
// any mix and order; further threads if each was counted. Mixes that are bad for slabs, runs and
// huge objects, each in a process of its own, sealed, so that nothing else can serve.
//
//   reserve_mixes [MIXES [SEED]]
//
// TEST-ONCE: it is about sizes, not about builds
// TEST-QEMU: 25
#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>

#include "tests/freestanding/process.h"
#include "tests/freestanding/test.h"

namespace {

std::size_t class_bytes(std::size_t index) {
    if (index < 8) return (index + 1) * 16;
    if (index < 40) return (std::size_t{5} + (index & 3)) << (5 + (index - 8) / 4);
    return (index - 31) * 4096;
}
// The least size that is served from the class: it leaves most of a slab unused.
std::size_t least_of_class(std::size_t index) {
    return index == 0 ? 1 : class_bytes(index - 1) + 1;
}

// ---- one mix

struct Mix {
    std::size_t bytes;
    unsigned threads;
    unsigned kind;
    std::uint64_t seed;
};
constexpr unsigned kKinds = 10;
Mix g_mix;
std::size_t g_sum;   // counted, of all threads
unsigned g_refused;  // objects
std::size_t g_refused_size;

std::size_t next_size(unsigned number, test_random* random) {
    constexpr std::size_t kSlice = 65536;
    const std::size_t top = (g_mix.seed >> 8) % 23;
    switch (g_mix.kind) {
        case 0:  // each class in turn, from the least
            return least_of_class(number % 64);
        case 1:  // from the largest
            return class_bytes(63 - number % 64);
        case 2:
            return class_bytes(test_below(random, 64)) - test_below(random, 16);
        case 3:  // any size to a power of two
            return 1 + test_below(random, std::size_t{1} << top);
        case 4:  // all of the worst slots, or of one class
            return number % 2 == 0 ? 17 : least_of_class((g_mix.seed >> 8) % 64);
        case 5:  // runs that leave nearly half a window
            return 31 * kSlice + 1;
        case 6:  // a little more than so many half windows
            return (1 + test_below(random, 4)) * 32 * kSlice + 1;
        case 7:  // runs of any length
            return (2 + test_below(random, 31)) * kSlice + 1;
        case 8:  // a slab of each class with slack, then what needs windows
            return number < 56 ? least_of_class(number) : 32 * kSlice + 1;
        default:  // all of it
            return test_below(random, 4) == 0 ? 1 + test_below(random, std::size_t{1} << 22)
                                              : least_of_class(test_below(random, 64));
    }
}

// Objects until the sum is used up. What is too large for the rest is skipped a few times.
void* allocate_all(void* argument) {
    const auto thread = reinterpret_cast<std::uintptr_t>(argument);
    test_random random{g_mix.seed * 64 + thread};
    unsigned skipped = 0;
    for (unsigned number = 0; skipped < 100; ++number) {
        std::size_t size = next_size(number, &random);
        if (size == 0) size = 1;
        const std::size_t counted = size < 16 ? 16 : size;
        if (__atomic_add_fetch(&g_sum, counted, __ATOMIC_RELAXED) > g_mix.bytes) {
            __atomic_sub_fetch(&g_sum, counted, __ATOMIC_RELAXED);
            ++skipped;
            continue;
        }
        auto* const object = static_cast<unsigned char*>(emma_malloc(size));
        if (object == nullptr) {
            __atomic_store_n(&g_refused_size, size, __ATOMIC_RELAXED);
            __atomic_add_fetch(&g_refused, 1, __ATOMIC_RELAXED);
            return nullptr;
        }
        object[0] = object[size - 1] = 1;
    }
    return nullptr;
}

constexpr unsigned kMostThreads = 12;

void run_mix() {
    CHECK(emma_reserve(g_mix.bytes + (g_mix.threads - 1) * EMMA_RESERVE_PER_THREAD) == 0);
    CHECK(emma_seal() == 0);
    emma_thread* threads[kMostThreads];
    for (unsigned i = 1; i < g_mix.threads; ++i)
        CHECK(emma_thread_create(&threads[i], nullptr, allocate_all,
                                 reinterpret_cast<void*>(std::uintptr_t{i})) == 0);
    allocate_all(nullptr);
    for (unsigned i = 1; i < g_mix.threads; ++i) CHECK(emma_thread_join(threads[i], nullptr) == 0);
    if (g_refused == 0) return;
    test_report("bytes", g_mix.bytes);
    test_report("threads", g_mix.threads);
    test_report("kind", g_mix.kind);
    test_report("refused", g_refused_size);
    test_report("after", g_sum);
    emma_exit(1);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t mixes = test_argument(argc, argv, 1, 150);
    test_random random{test_argument(argc, argv, 2, 1)};
    for (std::size_t i = 0; i < mixes; ++i) {
        g_mix.kind = static_cast<unsigned>(i % kKinds);
        g_mix.bytes = (std::size_t{16384} << test_below(&random, 10)) + test_below(&random, 100000);
        g_mix.threads =
            i % 3 != 0 ? 1 : 1 + static_cast<unsigned>(test_below(&random, kMostThreads));
        g_mix.seed = test_next(&random);
        const long child = process::fork_process(false);
        if (child == 0) {
            run_mix();
            emma_exit(0);
        }
        CHECK(process::wait_for_process(child) == 0);
    }
    return 0;
}

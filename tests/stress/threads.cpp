// SPDX-License-Identifier: MIT OR Apache-2.0
// Many threads against the allocator at once: they allocate in every way and size, hand objects to
// each other, resize and free what others allocated, end and are followed by new threads. Every
// object's contents are verified before it is resized or freed, every calloc is looked at for
// zeros, and at the end nothing may be live.
//
//   threads [SEED [ROUNDS [THREADS [sealed]]]]
//
// sealed: 100 MB are reserved, the allocator is sealed, and every thread lets the kernel kill the
// process for any call but read, write and exit (SECCOMP_MODE_STRICT). tests/scripts/sealed.sh runs
// that.
//
// TEST-ARGS: 0 4 4
// TEST-QEMU: 0 1 3
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/test.h"
#include "tests/stress/limited.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>

namespace {

// An object and what is known about it; `tag` made its contents.
struct Object {
    unsigned char* bytes;
    std::size_t size;
    std::size_t alignment;
    std::uint64_t tag;
};

// Where threads leave objects for each other: exchanged whole, so whoever takes one owns it alone.
constexpr std::size_t kSharedCount = 512;
Object* shared[kSharedCount];

constexpr std::size_t kOwnCount = 256;
constexpr std::size_t kOperationCount = 20000;
constexpr std::size_t kMaxThreads = 64;

struct Worker {
    test_random random;
    std::size_t own_operations;
    emma_thread* thread;
};
Worker workers[kMaxThreads];

// Mostly small, some of every magnitude up to 4 MiB.
std::size_t some_size(test_random* random) {
    const std::uint64_t kind = test_below(random, 1000);
    if (kind < 700) return test_below(random, 257);
    if (kind < 900) return test_below(random, 4097);
    if (kind < 980) return test_below(random, 70000);
    if (kind < 998) return test_below(random, 600000);
    return test_below(random, (4u << 20) + 1);
}

std::size_t some_alignment(test_random* random) {
    if (test_below(random, 8) != 0) return 16;
    return std::size_t{1} << test_below(random, test_below(random, 50) == 0 ? 23 : 13);
}

Object* allocate(test_random* random) {
    Object object = {nullptr, some_size(random), 16, test_next(random)};
    switch (test_below(random, 6)) {
        case 0:
            object.bytes = static_cast<unsigned char*>(emma_calloc(1, object.size));
            CHECK(object.bytes != nullptr);
            CHECK(test_is_zero(object.bytes, object.size));
            break;
        case 1:
            object.alignment = some_alignment(random);
            object.bytes =
                static_cast<unsigned char*>(emma_aligned_alloc(object.alignment, object.size));
            break;
        case 2:
            object.alignment = some_alignment(random);
            object.bytes =
                static_cast<unsigned char*>(emma_alloc_zeroed(object.size, object.alignment));
            CHECK(object.bytes != nullptr);
            CHECK(test_is_zero(object.bytes, object.size));
            break;
        default:
            object.bytes = static_cast<unsigned char*>(emma_malloc(object.size));
            break;
    }
    CHECK(object.bytes != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(object.bytes) % object.alignment == 0 ||
          object.size < 16);
    test_fill(object.bytes, object.size, object.tag);
    auto* record = static_cast<Object*>(emma_malloc(sizeof(Object)));
    CHECK(record != nullptr);
    *record = object;
    return record;
}

void release(Object* object, test_random* random) {
    CHECK(test_verify(object->bytes, object->size, object->tag));
    if (test_below(random, 4) == 0)
        emma_dealloc(object->bytes, object->size, object->alignment);
    else
        emma_free(object->bytes);
    emma_free(object);
}

void resize(Object* object, test_random* random) {
    CHECK(test_verify(object->bytes, object->size, object->tag));
    const std::size_t size = some_size(random);
    const std::size_t kept = size < object->size ? size : object->size;
    void* resized = nullptr;
    if (test_below(random, 2) == 0) {
        resized = emma_realloc(object->bytes, size);
        object->alignment = 16;
    } else {
        resized = emma_resize(object->bytes, object->size, object->alignment, size);
    }
    CHECK(resized != nullptr);
    CHECK(test_verify_part(resized, object->size, kept, object->tag));
    object->bytes = static_cast<unsigned char*>(resized);
    object->size = size;
    object->tag = test_next(random);
    test_fill(object->bytes, object->size, object->tag);
}

Object* exchange_shared(std::size_t index, Object* object) {
    return __atomic_exchange_n(&shared[index], object, __ATOMIC_ACQ_REL);
}

void* work(void* argument) {
    auto* worker = static_cast<Worker*>(argument);
    test_random* random = &worker->random;
    Object* own[kOwnCount] = {};
    for (std::size_t i = 0; i < worker->own_operations; i++) {
        Object*& place = own[test_below(random, kOwnCount)];
        switch (test_below(random, 8)) {
            case 0:
            case 1:
            case 2:  // leave what is there to others, take what another left
                place = exchange_shared(test_below(random, kSharedCount), place);
                break;
            case 3:
                if (place != nullptr) resize(place, random);
                break;
            default:
                if (place != nullptr) release(place, random);
                place = test_below(random, 3) == 0 ? nullptr : allocate(random);
                break;
        }
    }
    // Half is left behind for the threads that come next.
    for (Object*& object : own) {
        if (object == nullptr) continue;
        Object* other = object;
        if (test_below(random, 2) == 0)
            other = exchange_shared(test_below(random, kSharedCount), object);
        if (other != nullptr) release(other, random);
    }
    return nullptr;
}

// ---- rounds of threads

void prepare(Worker* worker, test_random* random, std::size_t rounds) {
    worker->random.state = test_next(random) | 1;
    worker->own_operations = (kOperationCount / 2 + test_below(random, kOperationCount)) * rounds;
}

void run_rounds(test_random* random, std::uint64_t rounds, std::size_t thread_count) {
    for (std::uint64_t round = 0; round < rounds; round++) {
        for (std::size_t i = 0; i < thread_count; i++) {
            prepare(&workers[i], random, 1);
            CHECK(emma_thread_create(&workers[i].thread, nullptr, work, &workers[i]) == 0);
        }
        for (std::size_t i = 0; i < thread_count; i++)
            CHECK(emma_thread_join(workers[i].thread, nullptr) == 0);
    }
}

// ---- sealed: threads are made before, and wait for each other by looking

std::size_t ready = 0, done = 0;
bool may_start = false;

void pause_until_set(const bool* flag) {
    while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE)) asm volatile("pause");
}
void pause_until(const std::size_t* count, std::size_t value) {
    while (__atomic_load_n(count, __ATOMIC_ACQUIRE) != value) asm volatile("pause");
}

void enter_strict_mode() {
    CHECK(emma_syscall(157, 22L, 1L, 0L) == 0);  // prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)
}

[[noreturn]] void exit_thread() {
    for (;;) emma_syscall(60, 0L);  // exit(2)
}

void* work_sealed(void* argument) {
    __atomic_fetch_add(&ready, 1, __ATOMIC_ACQ_REL);
    pause_until_set(&may_start);
    enter_strict_mode();
    work(argument);
    __atomic_fetch_add(&done, 1, __ATOMIC_ACQ_REL);
    exit_thread();
}

void run_sealed(test_random* random, std::uint64_t rounds, std::size_t thread_count) {
    for (std::size_t i = 0; i < thread_count; i++) {
        prepare(&workers[i], random, rounds);
        CHECK(emma_thread_create(&workers[i].thread, nullptr, work_sealed, &workers[i]) == 0);
    }
    pause_until(&ready, thread_count);
    CHECK(emma_reserve(100000000) == 0);
    CHECK(emma_seal() == 0);
    CHECK(emma_reserve(1) != 0);
    __atomic_store_n(&may_start, true, __ATOMIC_RELEASE);
    enter_strict_mode();
    pause_until(&done, thread_count);
}

}  // namespace

int main(int argc, char** argv) {
    limit_if_asked();
    std::uint64_t seed = test_argument(argc, argv, 1, 0);
    const std::uint64_t rounds = test_argument(argc, argv, 2, 4);
    std::size_t thread_count = test_argument(argc, argv, 3, 4);
    const bool is_sealed = argc > 4;
    if (thread_count > kMaxThreads) thread_count = kMaxThreads;
    // No seed given: one that differs from run to run, the canary's source (AT_RANDOM).
    if (seed == 0) seed = *reinterpret_cast<const std::uint64_t*>(emma_getauxval(25)) >> 16 | 1;
    test_report("seed", seed);

    struct emma_stats before, after;
    emma_stats(&before);
    test_random random = {seed};
    if (is_sealed) {
        run_sealed(&random, rounds, thread_count);
    } else {
        run_rounds(&random, rounds, thread_count);
    }
    for (Object*& object : shared)
        if (object != nullptr) release(object, &random);
    emma_trim();
    emma_stats(&after);
    test_report("live objects", after.live_objects - before.live_objects);
    test_report("mapped at most, KiB", after.mapped_peak_bytes >> 10);
    CHECK(after.live_objects == before.live_objects);
    CHECK(after.live_bytes == before.live_bytes);
    test_check_all();
    test_print("1 passed, 0 failed\n");
    if (is_sealed) exit_thread();
    return 0;
}

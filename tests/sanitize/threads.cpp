// SPDX-License-Identifier: MIT OR Apache-2.0
// Threads under ThreadSanitizer: core/ compiled with it, with assembly replaced by operations that
// it sees (tests/explorer/sanitize). Objects of all kinds go from thread to thread in the default
// instance, with a heap for each thread, and in one where heaps are borrowed; threads end and
// begin; one trims, audits, walks and counts all the while.
//
//   threads [SEED [ROUNDS]]
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "core/audit.h"
#include "core/include/emma.h"
#include "core/instance.h"

using namespace emma;

// What is meant to race: looks at descriptors and bitmaps that may change meanwhile, whose callers
// are told that what comes or goes then is reported or not.
extern "C" const char* __tsan_default_suppressions() {
    return "race:for_each_live\n"
           "race:add_slab\n"
           "race:add_arena\n";
}

namespace {

constexpr unsigned kThreads = 4;
constexpr unsigned kShared = 64;
constexpr unsigned kSteps = 4000;

struct Object {
    std::uint64_t bytes;
    std::uint64_t sum;
    std::uint64_t expected_sum() const {
        return bytes * 31 + reinterpret_cast<std::uintptr_t>(this);
    }
};

void check(bool holds, const char* what) {
    if (holds) return;
    std::printf("FAILED: %s\n", what);
    std::exit(1);
}

// One instance behind both interfaces.
struct Allocator {
    Instance* own = nullptr;  // null: the default instance
    void* allocate(std::size_t bytes) {
        return own != nullptr ? own->allocate(bytes, 16, Contents::kAny) : emma_malloc(bytes);
    }
    void free(void* object) { own != nullptr ? own->release(object) : emma_free(object); }
    void* resize(void* object, std::size_t bytes) {
        return own != nullptr ? own->resize(object, 16, bytes) : emma_realloc(object, bytes);
    }
    Instance& instance() { return own != nullptr ? *own : g_instance; }
};

std::size_t some_size(std::mt19937_64& random) {
    const unsigned kind = random() % 1000;
    if (kind < 700) return sizeof(Object) + 1 + random() % 300;
    if (kind < 900) return sizeof(Object) + 1 + random() % 4000;
    if (kind < 980) return sizeof(Object) + 1 + random() % 100000;
    return kind < 998 ? 200000 + random() % 300000 : 4500000;
}

Object* fresh(Allocator& allocator, std::mt19937_64& random) {
    const std::size_t bytes = some_size(random);
    auto* const object = static_cast<Object*>(allocator.allocate(bytes));
    check(object != nullptr, "no memory");
    *object = {bytes, 0};
    object->sum = object->expected_sum();
    reinterpret_cast<unsigned char*>(object)[bytes - 1] = 1;
    return object;
}

void release(Allocator& allocator, Object* object) {
    check(object->sum == object->expected_sum(), "an object's contents");
    object->sum = 0;
    allocator.free(object);
}

Object* resized(Allocator& allocator, Object* object, std::mt19937_64& random) {
    check(object->sum == object->expected_sum(), "an object's contents");
    const std::size_t bytes = some_size(random);
    auto* const moved = static_cast<Object*>(allocator.resize(object, bytes));
    check(moved != nullptr, "no memory");
    moved->bytes = bytes;
    moved->sum = moved->expected_sum();
    return moved;
}

std::atomic<Object*> g_shared[kShared];

void work(Allocator allocator, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (unsigned step = 0; step < kSteps; ++step) {
        Object* mine = random() % 4 == 0 ? nullptr : fresh(allocator, random);
        mine = g_shared[random() % kShared].exchange(mine, std::memory_order_acq_rel);
        if (mine == nullptr) continue;
        if (random() % 8 == 0) mine = resized(allocator, mine, random);
        release(allocator, mine);
    }
    if (allocator.own == nullptr) emma_thread_detach();
}

// What looks at everything, or takes it away, while the others work.
void survey(Allocator allocator, const std::atomic<bool>& stop) {
    Instance& instance = allocator.instance();
    while (!stop.load(std::memory_order_relaxed)) {
        instance.trim();
        check(audit(instance, {}) == 0, "the audit finds a broken invariant");
        std::size_t live = 0;
        for_each_live(instance, [&](void*, std::size_t) { return ++live != 0; });
        struct emma_stats stats;
        if (allocator.own == nullptr) emma_stats(&stats);
    }
}

void run(Allocator allocator, std::uint64_t seed, unsigned rounds) {
    std::atomic<bool> stop{false};
    std::thread surveyor([&] { survey(allocator, stop); });
    for (unsigned round = 0; round < rounds; ++round) {
        std::vector<std::thread> threads;
        for (unsigned t = 0; t < kThreads; ++t)
            threads.emplace_back(work, allocator, seed * 1000 + round * kThreads + t);
        for (std::thread& thread : threads) thread.join();
    }
    stop.store(true, std::memory_order_relaxed);
    surveyor.join();
    for (std::atomic<Object*>& shared : g_shared)
        if (Object* const object = shared.exchange(nullptr)) release(allocator, object);
    check(audit(allocator.instance(), {}) == 0, "the audit finds a broken invariant");
    for_each_live(allocator.instance(), [](void*, std::size_t) {
        check(false, "an object is live");
        return true;
    });
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t seed =
        argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::random_device{}();
    const auto rounds = static_cast<unsigned>(argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 8);
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    run({}, seed, rounds);
    Instance* const instance = new Instance(kSystemPages);
    run({instance}, seed + 1, rounds);
    std::printf("1 passed, 0 failed\n");
}

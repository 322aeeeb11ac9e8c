// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/instance.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "tests/unit/test_source.h"

using namespace emma;

namespace {

struct Fixture {
    Fixture() : instance(new Instance(test.source())) {}
    ~Fixture() { delete instance; }
    unsigned char* allocate(std::size_t bytes, std::size_t alignment = 16,
                            Contents contents = Contents::kAny) {
        return static_cast<unsigned char*>(instance->allocate(bytes, alignment, contents));
    }
    test::TestSource test;
    Instance* instance;
};

bool all_are(const unsigned char* p, std::size_t bytes, unsigned char value) {
    return bytes == 0 || (p[0] == value && std::memcmp(p, p + 1, bytes - 1) == 0);
}

// Random traffic that must not lose or damage anything, whatever is refused. Returns the refusals.
std::size_t run_traffic(Fixture& f, unsigned seed, int steps, unsigned huge_share) {
    std::mt19937 random(seed);
    struct Object {
        unsigned char* p;
        std::size_t bytes;
        unsigned char fill;
    };
    std::vector<Object> objects;
    std::size_t refused = 0;
    const std::size_t limits[] = {64, 600, 5000, 140000, 300000};
    auto some_size = [&] {
        if (random() % 100 < huge_share) return std::size_t{2200000} + random() % 1000000;
        return random() % limits[random() % 5];
    };
    for (int step = 0; step < steps; ++step) {
        const unsigned action = random() % 4;
        if (objects.empty() || action < 2) {
            const std::size_t bytes = some_size();
            const Contents contents = action == 0 ? Contents::kZeroed : Contents::kAny;
            unsigned char* const p = f.allocate(bytes, 16, contents);
            if (p == nullptr) {
                ++refused;
                continue;
            }
            if (contents == Contents::kZeroed) REQUIRE(all_are(p, bytes, 0));
            objects.push_back({p, bytes, static_cast<unsigned char>(random())});
            std::memset(p, objects.back().fill, bytes);
            continue;
        }
        Object& object = objects[random() % objects.size()];
        REQUIRE(all_are(object.p, object.bytes, object.fill));
        if (action == 2) {
            f.instance->release(object.p);
            std::swap(object, objects.back());
            objects.pop_back();
            continue;
        }
        const std::size_t bytes = some_size();
        auto* const p = static_cast<unsigned char*>(f.instance->resize(object.p, 16, bytes));
        if (p == nullptr) {
            ++refused;
            REQUIRE(all_are(object.p, object.bytes, object.fill));
            continue;
        }
        REQUIRE(all_are(p, std::min(bytes, object.bytes), object.fill));
        std::memset(p, object.fill, bytes);
        object.p = p;
        object.bytes = bytes;
    }
    for (const Object& object : objects) {
        REQUIRE(all_are(object.p, object.bytes, object.fill));
        f.instance->release(object.p);
    }
    return refused;
}

}  // namespace

TEST_CASE("every alignment with every size has a place") {
    Fixture f;
    for (std::size_t alignment = 1; alignment <= std::size_t{1} << 30; alignment *= 2)
        for (std::size_t bytes : {0u, 1u, 24u, 1000u, 5000u, 70000u, 200000u, 3000000u}) {
            unsigned char* const p = f.allocate(bytes, alignment, Contents::kZeroed);
            REQUIRE(p != nullptr);
            REQUIRE(reinterpret_cast<std::uintptr_t>(p) % alignment == 0);
            REQUIRE(f.instance->usable_bytes(p) >= bytes);
            REQUIRE(all_are(p, bytes, 0));
            std::memset(p, 0xaa, bytes);
            f.instance->release(p);
        }
}

TEST_CASE("sizes that no address space holds are refused") {
    Fixture f;
    for (std::size_t bytes :
         {kMaxRequestBytes, kMaxRequestBytes + 1, ~std::size_t{0}, ~std::size_t{0} - 4095})
        for (std::size_t alignment : {std::size_t{16}, std::size_t{1} << 20, std::size_t{1} << 63})
            CHECK(f.allocate(bytes, alignment) == nullptr);
    unsigned char* const p = f.allocate(10);
    std::memcpy(p, "untouched", 10);
    CHECK(f.instance->resize(p, 16, ~std::size_t{0}) == nullptr);
    CHECK(std::memcmp(p, "untouched", 10) == 0);
}

TEST_CASE("resizing stays in place where it can") {
    Fixture f;
    unsigned char* const slot = f.allocate(100);
    CHECK(f.instance->resize(slot, 16, 112) == slot);
    CHECK(f.instance->resize(slot, 16, 60) == slot);
    CHECK(f.instance->resize(slot, 16, 20) != slot);
    unsigned char* const run = f.allocate(200000);
    CHECK(f.instance->resize(run, 16, 500000) == run);
    CHECK(f.instance->resize(run, 16, 140000) == run);
    CHECK(f.instance->resize(run, 16, 1000) != run);
    unsigned char* const huge = f.allocate(5000000);
    CHECK(f.instance->resize(huge, 16, 9000000) == huge);
    CHECK(f.instance->resize(huge, 16, 3000000) == huge);
    CHECK(f.instance->resize(huge, 16, 100000) != huge);
}

TEST_CASE("random traffic, and everything is given back but the arenas and heaps") {
    Fixture f;
    CHECK(run_traffic(f, 1, 20000, 3) == 0);
    CHECK(f.test.mapped_bytes == f.instance->arenas.pages().mapped_bytes());
}

TEST_CASE("a source that fails at its n-th call, for every n until the program passes") {
    bool passed_without_refusal = false;
    for (std::size_t nth = 0; nth < 400 && !passed_without_refusal; ++nth) {
        Fixture f;
        f.test.refuse_from = nth;
        f.test.refuse_count = 1 + nth % 3;
        CAPTURE(nth);
        run_traffic(f, 5, 300, 3);
        passed_without_refusal = f.test.calls <= nth;
        CHECK(f.test.mapped_bytes == f.instance->arenas.pages().mapped_bytes());
    }
    CHECK(passed_without_refusal);
}

TEST_CASE("a source that gives nothing any more: what is there still serves") {
    Fixture f;
    std::vector<unsigned char*> objects;
    for (int i = 0; i < 3000; ++i) objects.push_back(f.allocate(3000));
    f.test.refuse_from = 0;
    while (unsigned char* const p = f.allocate(3000)) objects.push_back(p);
    for (std::size_t bytes : {1u, 16u, 500u, 3000u}) {
        CAPTURE(bytes);
        f.instance->release(objects.back());
        objects.back() = f.allocate(bytes);
        REQUIRE(objects.back() != nullptr);
        std::memset(objects.back(), 1, bytes);
    }
    CHECK(f.allocate(200000) == nullptr);
    for (unsigned char* p : objects) f.instance->release(p);
}

TEST_CASE("many threads on one instance: every heap is borrowed, objects cross over") {
    Fixture f;
    std::vector<std::atomic<std::uint64_t*>> shared(256);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            std::mt19937 random(t);
            for (int i = 0; i < 40000; ++i) {
                const std::size_t bytes = 8 + random() % 900;
                auto* const fresh = reinterpret_cast<std::uint64_t*>(f.allocate(bytes));
                *fresh = reinterpret_cast<std::uintptr_t>(fresh);
                if (std::uint64_t* const old = shared[random() % 256].exchange(fresh)) {
                    REQUIRE(*old == reinterpret_cast<std::uintptr_t>(old));
                    *old = 0;
                    f.instance->release(old);
                }
            }
        });
    for (std::thread& thread : threads) thread.join();
    for (auto& slot : shared)
        if (std::uint64_t* const p = slot.load()) f.instance->release(p);
    std::size_t heaps = 0;
    f.instance->heaps.for_each([&](Heap*) { ++heaps; });
    CHECK(heaps <= 5);
    CHECK(f.instance->borrows.load(memory_order_relaxed) > 0);
}

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
#include "tests/unit/traffic.h"

using namespace emma;
using emma::test::all_are;

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
    CHECK(f.instance->resize(slot, 16, 97) == slot);
    // CHECKS builds keep an object only in a slot of its own class.
    if (!kChecks) CHECK(f.instance->resize(slot, 16, 60) == slot);
    CHECK(f.instance->resize(slot, 16, 20) != slot);
    unsigned char* const run = f.allocate(200000);
    CHECK(f.instance->resize(run, 16, 500000) == run);
    CHECK(f.instance->resize(run, 16, 140000) == run);
    CHECK(f.instance->resize(run, 16, 1000) != run);
    unsigned char* const huge = f.allocate(5000000);
    CHECK(f.instance->resize(huge, 16, 9000000) == huge);
    CHECK(f.instance->resize(huge, 16, 6000000) == huge);
    CHECK(f.instance->resize(huge, 16, 100000) != huge);
}

TEST_CASE("random traffic, and everything is given back but the arenas and heaps") {
    Fixture f;
    CHECK(run_traffic(test::InstanceTarget{*f.instance}, {.seed = 1, .steps = 20000}) == 0);
    CHECK(f.test.mapped_bytes == f.instance->arenas.pages().mapped_bytes());
}

TEST_CASE("all goes back at once, whatever is live, page by page as it came") {
    Fixture f;
    for (const std::size_t bytes : {16, 3000, 100000, 400000, 3000000, 9000000})
        for (int i = 0; i < 20; ++i) REQUIRE(f.allocate(bytes) != nullptr);
    unsigned char* const gone = f.allocate(5000000);
    f.instance->release(gone);
    f.instance->unmap_all();
    CHECK(f.test.mapped_bytes == 0);
    CHECK(f.instance->arenas.pages().mapped_bytes() == 0);
}

TEST_CASE("a source that gives nothing any more: what is there still serves") {
    Fixture f;
    std::vector<unsigned char*> objects;
    for (int i = 0; i < 3000; ++i) objects.push_back(f.allocate(3000));
    f.test.maps.refuse_from = 0;
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

TEST_CASE("what shrinks never fails: without memory for a smaller place it stays") {
    Fixture f;
    unsigned char* const slot = f.allocate(3000);
    unsigned char* const run = f.allocate(200000);
    unsigned char* const huge = f.allocate(5000000);
    f.test.maps.refuse_from = 0;
    f.test.resizes.refuse_from = 0;
    for (const std::size_t bytes : {1000000u, 60000u, 2000u, 200u, 20u})
        while (f.allocate(bytes) != nullptr) {
        }
    for (unsigned char* object : {slot, run}) {
        std::memset(object, 7, 20);
        CHECK(f.instance->resize(object, 16, 20) == object);
        CHECK(std::count(object, object + 20, 7) == 20);
        CHECK(f.instance->resize(object, 16, std::size_t{1} << 40) == nullptr);
    }
    // CHECKS builds have no mark for it.
    CHECK(f.instance->resize(huge, 16, 20) == (kChecks ? nullptr : huge));
    for (unsigned char* object : {slot, run, huge}) f.instance->release(object);
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
    f.instance->heaps.for_each([&](ThreadHeap*) { ++heaps; });
    CHECK(heaps <= 5);
    CHECK(f.instance->borrows.load(memory_order_relaxed) > 0);
}

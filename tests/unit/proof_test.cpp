// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/proof.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "core/instance.h"
#include "tests/unit/test_source.h"

using namespace emma;

namespace {

std::uintptr_t addr_of(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

struct Fixture {
    Fixture() : instance(new Instance(test.source())) {}
    ~Fixture() { delete instance; }
    void* allocate(std::size_t bytes) { return instance->allocate(bytes, 16, Contents::kAny); }
    Place at(const void* p, std::size_t offset = 0) {
        return locate(instance->arenas, addr_of(p) + offset);
    }
    test::TestSource test;
    Instance* instance;
};

}  // namespace

TEST_CASE("only the first byte of a live object is one, in every size") {
    Fixture f;
    for (std::size_t bytes : {0u, 1u, 16u, 48u, 100u, 1000u, 4096u, 5000u, 20000u, 100000u, 131072u,
                              131073u, 300000u, 2097152u, 2097153u, 9000000u}) {
        CAPTURE(bytes);
        void* const p = f.allocate(bytes);
        REQUIRE(p != nullptr);
        const Place place = f.at(p);
        CHECK(place.live);
        CHECK(place.bytes >= bytes);
        for (std::size_t offset = 1; offset < bytes; offset += 1 + bytes / 1000) {
            const Place inside = f.at(p, offset);
            REQUIRE(inside.kind == Place::kNothing);
            REQUIRE(inside.misuse(Misuse::kDoubleFree) == Misuse::kInvalidPointer);
        }
        f.instance->release(p);
        const Place after = f.at(p);
        CHECK_FALSE(after.live);
        CHECK(after.misuse(Misuse::kDoubleFree) == Misuse::kDoubleFree);
    }
}

TEST_CASE("what is not an instance's is nothing, without a look at it") {
    Fixture f;
    void* const p = f.allocate(100);
    int local = 0;
    CHECK(f.at(nullptr).kind == Place::kNothing);
    CHECK(f.at(&local).kind == Place::kNothing);
    CHECK(f.at(reinterpret_cast<void*>(~std::uintptr_t{0})).kind == Place::kNothing);
    CHECK(f.at(reinterpret_cast<void*>(0x8000000000000000)).kind == Place::kNothing);
    // The arena's header, and its part that is not mapped.
    const std::uintptr_t arena = arena_addr_of(addr_of(p));
    for (std::uintptr_t offset = 0; offset < kSliceBytes; offset += 8)
        REQUIRE(locate(f.instance->arenas, arena + offset).kind == Place::kNothing);
    CHECK(locate(f.instance->arenas, arena + kArenaBytes - 16).kind == Place::kNothing);
    Fixture other;
    CHECK(other.at(p).kind == Place::kNothing);
}

TEST_CASE("the tail behind the last slot, and slots never handed out") {
    Fixture f;
    auto* const p = static_cast<char*>(f.allocate(48));
    const std::uintptr_t slice = align_down(addr_of(p), kSliceBytes);
    CHECK(locate(f.instance->arenas, slice + 1365 * 48).kind == Place::kNothing);
    const Place never = locate(f.instance->arenas, slice + 1364 * 48);
    CHECK(never.kind == Place::kSlot);
    CHECK_FALSE(never.live);
}

TEST_CASE("an object freed by another thread is free before its owner knows") {
    Fixture f;
    void* const p = f.allocate(64);
    const Place place = f.at(p);
    place.slab->owner.heap()->put_remote(place.slab, place.slot);
    CHECK_FALSE(f.at(p).live);
    CHECK(f.at(p).misuse(Misuse::kDoubleFree) == Misuse::kDoubleFree);
}

TEST_CASE("a slab and a run that are gone are named as such until their slices are used again") {
    Fixture f;
    std::vector<void*> objects;
    for (int i = 0; i < 64; ++i) objects.push_back(f.allocate(4096));
    for (void* p : objects) f.instance->release(p);
    for (void* p : objects) CHECK(f.at(p).misuse(Misuse::kDoubleFree) == Misuse::kDoubleFree);
    void* const run = f.allocate(200000);
    f.instance->release(run);
    CHECK(f.at(run).misuse(Misuse::kDoubleFree) == Misuse::kDoubleFree);
    CHECK(f.at(run, kSliceBytes).misuse(Misuse::kDoubleFree) == Misuse::kInvalidPointer);
}

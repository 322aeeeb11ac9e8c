// SPDX-License-Identifier: MIT OR Apache-2.0
// Contents: both ends of an object are filled and verified, so that a run stays short; overlapping
// objects differ there.
#include "tests/faults/stepping/world.h"

namespace stepping {
namespace {

constexpr std::size_t kEndBytes = 32;

bool end_holds(const unsigned char* bytes, std::size_t size, std::uint64_t tag) {
    for (std::size_t at = 0; at < size; ++at)
        if (bytes[at] != test_byte(tag, at)) return false;
    return true;
}

void write_finding(void*, const char* text, std::size_t length) { test_write(text, length); }

std::size_t some_size(test_random* random) {
    static constexpr std::size_t kSizes[] = {16,    40,     100,    500,    500,    500,
                                             700,   1000,   2000,   4096,   5000,   20000,
                                             60000, 120000, 150000, 200000, 600000, 2500000};
    return kSizes[test_below(random, sizeof kSizes / sizeof *kSizes)];
}

}  // namespace

void fill(const Object& object) {
    if (object.size <= 2 * kEndBytes) {
        test_fill(object.bytes, object.size, object.tag);
        return;
    }
    test_fill(object.bytes, kEndBytes, object.tag);
    test_fill(object.bytes + object.size - kEndBytes, kEndBytes, object.tag + 1);
}

bool holds(const Object& object) {
    if (object.size <= 2 * kEndBytes) return end_holds(object.bytes, object.size, object.tag);
    return end_holds(object.bytes, kEndBytes, object.tag) &&
           end_holds(object.bytes + object.size - kEndBytes, kEndBytes, object.tag + 1);
}

bool begins_well(const Object& object) {
    return object.size <= 2 * kEndBytes || end_holds(object.bytes, kEndBytes, object.tag);
}

void World::keep(void* bytes, std::size_t size) {
    CHECK(bytes != nullptr && count_ < kMaxObjects);
    const Object object{static_cast<unsigned char*>(bytes), size, next_tag_ += 2};
    fill(object);
    objects_[count_++] = object;
}

Object& World::make(std::size_t size) {
    keep(emma_malloc(size), size);
    return objects_[count_ - 1];
}

void World::make_many(std::size_t count, std::size_t size) {
    for (std::size_t i = 0; i < count; ++i) make(size);
}

Object World::take(std::size_t index) {
    CHECK(index < count_);
    const Object object = objects_[index];
    CHECK(holds(object));
    objects_[index] = objects_[--count_];
    return object;
}

void World::free_one(std::size_t index) { emma_free(take(index).bytes); }

void World::free_all() {
    while (count_ != 0) free_one(count_ - 1);
}

void World::verify() const {
    for (std::size_t i = 0; i < count_; ++i) CHECK(holds(objects_[i]));
}

void World::verify_walk() const {
    struct Seen {
        const World* world;
        std::size_t times[kMaxObjects];
    } seen{this, {}};
    const auto visit = [](void* context, void* object, std::size_t bytes) {
        auto* const counts = static_cast<Seen*>(context);
        for (std::size_t i = 0; i < counts->world->count_; ++i) {
            if (counts->world->objects_[i].bytes != object) continue;
            CHECK(bytes >= counts->world->objects_[i].size);
            ++counts->times[i];
        }
        return true;
    };
    emma_walk(visit, &seen);
    for (std::size_t i = 0; i < count_; ++i) CHECK(seen.times[i] == 1);
}

void World::verify_count(std::size_t doubt) const {
    struct emma_stats stats;
    emma_stats(&stats);
    if (stats.live_objects < count_ || stats.live_objects > count_ + doubt) {
        test_report("live objects", stats.live_objects);
        test_report("known", count_);
        test_report("in doubt", doubt);
    }
    CHECK(stats.live_objects >= count_ && stats.live_objects <= count_ + doubt);
}

void check_invariants() { CHECK(emma_check(write_finding, nullptr) == 0); }

namespace {

// New objects, one of them through each way of getting one.
void allocate_some(World& world) {
    for (int i = 0; i < 6; ++i) world.make(some_size(&world.random));
    const std::size_t cleared = some_size(&world.random) / 16;
    void* const zeroed = emma_calloc(cleared, 8);
    CHECK(zeroed != nullptr && test_is_zero(zeroed, cleared * 8));
    world.keep(zeroed, cleared * 8);
    const std::size_t alignment = std::size_t{16} << test_below(&world.random, 13);
    void* const aligned = emma_aligned_alloc(alignment, 100);
    CHECK(reinterpret_cast<std::uintptr_t>(aligned) % alignment == 0);
    world.keep(aligned, 100);
}

void resize_one(World& world) {
    const Object old = world.take(test_below(&world.random, world.count()));
    const std::size_t size = some_size(&world.random);
    auto* const moved = static_cast<unsigned char*>(emma_realloc(old.bytes, size));
    CHECK(moved != nullptr);
    const std::size_t kept = (size < old.size ? size : old.size) < kEndBytes ? 0 : kEndBytes;
    if (old.size > 2 * kEndBytes) CHECK(end_holds(moved, kept, old.tag));
    world.keep(moved, size);
}

void free_some(World& world, std::size_t parts) {
    for (std::size_t i = world.count(); i-- > 0;)
        if (test_below(&world.random, parts) == 0) world.free_one(i);
}

void look_at_all(World& world) {
    switch (test_below(&world.random, 6)) {
        case 0:
            (void)emma_trim();
            break;
        case 1:
            world.verify_walk();
            break;
        case 2:
            check_invariants();
            break;
        case 3:
            for (std::size_t i = 0; i < world.count(); i += 7) CHECK(emma_owns(world[i].bytes));
            break;
        default:
            break;
    }
}

// A mapping of its own: made, moved or grown, shortened, gone. A reserve may be too small for it.
void use_huge(World& world) {
    Object object{static_cast<unsigned char*>(emma_malloc(5000000)), 5000000,
                  test_next(&world.random) | 1};
    if (object.bytes == nullptr) return;
    fill(object);
    constexpr std::size_t kSizes[] = {9000000, 4500000};
    for (const std::size_t size : kSizes) {
        auto* const moved = static_cast<unsigned char*>(emma_realloc(object.bytes, size));
        if (moved == nullptr) continue;
        CHECK(end_holds(moved, kEndBytes, object.tag));
        object = {moved, size, object.tag};
        fill(object);
    }
    CHECK(holds(object));
    emma_free(object.bytes);
}

// Sizes that a small region holds.
void use_own_heap(World& world) {
    Object objects[4];
    for (Object& object : objects) {
        const std::size_t size = some_size(&world.random) / 16 + 1;
        auto* const bytes = static_cast<unsigned char*>(emma_heap_alloc(world.heap, size, 16));
        CHECK(bytes != nullptr);
        object = {bytes, size, test_next(&world.random) | 1};
        fill(object);
    }
    if (test_below(&world.random, 4) == 0) (void)emma_heap_trim(world.heap);
    for (const Object& object : objects) {
        CHECK(holds(object));
        emma_heap_free(world.heap, object.bytes);
    }
    CHECK(emma_heap_check(world.heap, write_finding, nullptr) == 0);
}

}  // namespace

void exercise(World& world) {
    world.verify();
    if (world.heap != nullptr) use_own_heap(world);
    if (test_below(&world.random, 3) == 0) use_huge(world);
    look_at_all(world);
    free_some(world, 2 + test_below(&world.random, 6));
    allocate_some(world);
    resize_one(world);
    resize_one(world);
    look_at_all(world);
    free_some(world, 3);
    world.verify();
}

}  // namespace stepping

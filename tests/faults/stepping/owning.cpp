// SPDX-License-Identifier: MIT OR Apache-2.0
// Heaps of one's own: made, used and destroyed, over the system's pages and in a fixed region.
// While a heap is not being made or destroyed the workload of the faults uses it too.
#include "tests/faults/stepping/operation.h"

namespace stepping {
namespace {

alignas(4096) unsigned char g_region[2 << 20];

emma_heap_options region_options() {
    struct emma_heap_options options = {};
    options.region = g_region;
    options.region_bytes = sizeof g_region;
    return options;
}

void use_heap(World& world, const struct emma_heap_options& options) {
    world.heap = emma_heap_create(&options);
    CHECK(world.heap != nullptr);
    emma_heap_free(world.heap, emma_heap_alloc(world.heap, kUsual, 16));
}
void have_heap(World& world) {
    populate(world);
    use_heap(world, {});
}
void have_region(World& world) {
    populate(world);
    use_heap(world, region_options());
}

// An object of the heap, unknown to the world's checks of the default instance.
void choose(World& world, std::size_t size) {
    auto* const bytes = static_cast<unsigned char*>(emma_heap_alloc(world.heap, size, 16));
    CHECK(bytes != nullptr);
    world.subject = {bytes, size, 77};
    fill(world.subject);
}
template <std::size_t kSize>
void choose_in_heap(World& world) {
    choose(world, kSize);
}

// Without a heap until the call has returned.
struct emma_heap_options g_options;
void plan_heap(World& world) {
    populate(world);
    g_options = {};
}
void plan_region(World& world) {
    populate(world);
    g_options = region_options();
}
void act_create(World& world) {
    world.result = call(as_function(emma_heap_create), as_long(&g_options));
}
void use_and_destroy_result(World& world) {
    auto* const heap = reinterpret_cast<emma_heap*>(world.result);
    CHECK(heap != nullptr && emma_heap_alloc(heap, kUsual, 16) != nullptr);
    CHECK(emma_heap_check(heap, nullptr, nullptr) == 0);
    emma_heap_destroy(heap);
}

// The heap is nobody else's any more.
void fill_and_part(World& world) {
    for (std::size_t size = 16; size < 200000; size *= 3) choose(world, size);
    world.result = reinterpret_cast<long>(world.heap);
    world.heap = nullptr;
}
void act_destroy(World& world) { (void)call(as_function(emma_heap_destroy), world.result); }

template <std::size_t kSize>
void act_alloc(World& world) {
    world.result = call(as_function(emma_heap_alloc), as_long(world.heap), kSize, 16);
}
template <std::size_t kSize>
void end_result(World& world) {
    const Object object{reinterpret_cast<unsigned char*>(world.result), kSize, 99};
    CHECK(object.bytes != nullptr);
    fill(object);
    exercise(world);
    CHECK(holds(object));
    emma_heap_free(world.heap, object.bytes);
}
void act_heap_free(World& world) {
    (void)call(as_function(emma_heap_free), as_long(world.heap), as_long(world.subject.bytes));
}
template <std::size_t kSize>
void act_resize(World& world) {
    world.result = call(as_function(emma_heap_resize), as_long(world.heap),
                        as_long(world.subject.bytes), 16, kSize);
}
template <std::size_t kSize>
void end_resized(World& world) {
    auto* const moved = reinterpret_cast<unsigned char*>(world.result);
    CHECK(moved != nullptr && begins_well({moved, world.subject.size, world.subject.tag}));
    emma_heap_free(world.heap, moved);
}
void act_heap_trim(World& world) {
    world.result = call(as_function(emma_heap_trim), as_long(world.heap));
}

template <std::size_t kSize>
void act_alloc_zeroed(World& world) {
    world.result = call(as_function(emma_heap_alloc_zeroed), as_long(world.heap), kSize, 16);
}
template <std::size_t kSize>
void end_zeroed(World& world) {
    CHECK(test_is_zero(result_of(world), kSize));
    end_result<kSize>(world);
}

// ---- looking at a heap that has one object

std::size_t g_seen;
bool count_object(void*, void*, std::size_t) {
    g_stepper.in_callback = true;
    ++g_seen;
    g_stepper.in_callback = false;
    return true;
}
void act_walk(World& world) {
    g_seen = 0;
    (void)call(as_function(emma_heap_walk), as_long(world.heap),
               reinterpret_cast<long>(count_object));
}
void act_check(World& world) {
    world.result = call(as_function(emma_heap_check), as_long(world.heap));
}
struct emma_stats g_stats;
void act_stats(World& world) {
    (void)call(as_function(emma_heap_stats), as_long(world.heap), as_long(&g_stats));
}
void act_owns(World& world) {
    world.result =
        call(as_function(emma_heap_owns), as_long(world.heap), as_long(world.subject.bytes));
}
void act_usable(World& world) {
    world.result =
        call(as_function(emma_heap_usable_size), as_long(world.heap), as_long(world.subject.bytes));
}
void end_subject(World& world) {
    CHECK(holds(world.subject));
    emma_heap_free(world.heap, world.subject.bytes);
}
using Stats = struct emma_stats;
void proves_seen(const World&, const Stats&, const Stats&) { CHECK(g_seen == 1); }
void proves_none_wrong(const World& world, const Stats&, const Stats&) {
    CHECK(static_cast<unsigned>(world.result) == 0);
}
void proves_counted(const World&, const Stats&, const Stats&) {
    CHECK(g_stats.live_objects == 1 && g_stats.arenas == 1);
}
void proves_owned(const World& world, const Stats&, const Stats&) {
    CHECK((world.result & 0xff) == 1);
}
void proves_usable(const World& world, const Stats&, const Stats&) {
    CHECK(world.result >= static_cast<long>(kUsual));
}

constexpr Operation kRows[] = {
    {"heap_create", nullptr, plan_heap, act_create, use_and_destroy_result, nullptr, 0},
    {"heap_create-region", nullptr, plan_region, act_create, use_and_destroy_result, nullptr, 0},
    {"heap_destroy", have_heap, fill_and_part, act_destroy, nullptr, nullptr, 0},
    {"heap_destroy-region", have_region, fill_and_part, act_destroy, nullptr, nullptr, 0},
    {"heap_alloc", have_heap, nullptr, act_alloc<kUsual>, end_result<kUsual>, nullptr, 0},
    {"heap_alloc-slab", have_heap, nullptr, act_alloc<900>, end_result<900>, nullptr, 0},
    {"heap_alloc-run", have_heap, nullptr, act_alloc<300000>, end_result<300000>, nullptr, 0},
    {"heap_alloc-region", have_region, nullptr, act_alloc<900>, end_result<900>, nullptr, 0},
    {"heap_alloc-region-huge", have_region, nullptr, act_alloc<200000>, end_result<200000>, nullptr,
     0},
    {"heap_free", have_heap, choose_in_heap<kUsual>, act_heap_free, nullptr, nullptr, 0},
    {"heap_free-region-huge", have_region, choose_in_heap<200000>, act_heap_free, nullptr, nullptr,
     0},
    {"heap_resize", have_heap, choose_in_heap<kUsual>, act_resize<3000>, end_resized<3000>, nullptr,
     0},
    {"heap_resize-region", have_region, choose_in_heap<200000>, act_resize<300000>,
     end_resized<300000>, nullptr, 0},
    {"heap_alloc_zeroed", have_heap, nullptr, act_alloc_zeroed<kUsual>, end_zeroed<kUsual>, nullptr,
     0},
    {"heap_walk", have_heap, choose_in_heap<kUsual>, act_walk, end_subject, proves_seen, 0},
    {"heap_check", have_heap, choose_in_heap<kUsual>, act_check, end_subject, proves_none_wrong, 0},
    {"heap_stats", have_heap, choose_in_heap<kUsual>, act_stats, end_subject, proves_counted, 0},
    {"heap_owns", have_heap, choose_in_heap<kUsual>, act_owns, end_subject, proves_owned, 0},
    {"heap_usable_size", have_heap, choose_in_heap<kUsual>, act_usable, end_subject, proves_usable,
     0},
    {"heap_trim", have_heap, nullptr, act_heap_trim, nullptr, nullptr, 0},
};

}  // namespace

const OperationTable kOwning{kRows, sizeof kRows / sizeof *kRows};

}  // namespace stepping

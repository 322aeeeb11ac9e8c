// SPDX-License-Identifier: MIT OR Apache-2.0
// Resizing in place, by moving, by growing and shrinking runs, and of mappings of their own.
#include "tests/faults/stepping/operation.h"
#include "tests/freestanding/process.h"

namespace stepping {
namespace {

// A run that once was longer: free slices lie behind it.
void run_with_room(World& world) {
    populate(world);
    auto* const run = static_cast<unsigned char*>(emma_malloc(600000));
    CHECK(emma_realloc(run, 140000) == run);
    world.keep(run, 140000);
    choose_last(world);
}

// A huge object with nothing, or with a foreign page, right behind it.
void huge_object(World& world) {
    populate(world);
    world.make(4194304);
    choose_last(world);
}
void huge_object_shut_in(World& world) {
    huge_object(world);
    const auto end = reinterpret_cast<std::uintptr_t>(world.subject.bytes + 4194304);
    // The page lies where the allocator maps next. It must not meet it: it would go on at an
    // address that with TLS=0 is another one in each run.
    for (std::uint64_t& cursor : zone_cursors)
        if (cursor - end <= 4194304) cursor += 4194304;
    // PROT_NONE; MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE
    CHECK(emma_syscall(__NR_mmap, world.subject.bytes + 4194304, 4096L, 0L, 0x100022L, -1L, 0L) >
          0);
}
void foreign_usual(World& world) {
    populate(world);
    world.make_many(3, kUsual);
}

template <std::size_t kSize>
void act_realloc(World& world) {
    world.result = call(as_function(emma_realloc), as_long(world.subject.bytes), kSize);
}
template <std::size_t kSize>
void act_resize(World& world) {
    world.result = call(as_function(emma_resize), as_long(world.subject.bytes),
                        static_cast<long>(world.subject.size), 16, kSize);
}

// The beginning of the contents is there, and all of it where the object has grown.
template <std::size_t kSize>
void keep_resized(World& world) {
    auto* const bytes = reinterpret_cast<unsigned char*>(world.result);
    CHECK(bytes != nullptr);
    const Object now{bytes, world.subject.size, world.subject.tag};
    if (kSize >= world.subject.size)
        CHECK(holds(now));
    else
        CHECK(begins_well(now));
    world.keep(bytes, kSize);
}

using Stats = struct emma_stats;
void proves_same_place(const World& world, const Stats&, const Stats&) {
    CHECK(result_of(world) == world.subject.bytes);
}
void proves_other_place(const World& world, const Stats&, const Stats&) {
    CHECK(result_of(world) != world.subject.bytes);
}

constexpr Operation kRows[] = {
    {"realloc-null", populate, populate,
     [](World& world) { world.result = call(as_function(emma_realloc), 0, kUsual); },
     keep_result<kUsual>, nullptr, 1},
    {"realloc-place", populate, populate_and_choose<450>, act_realloc<kUsual>, keep_resized<kUsual>,
     proves_same_place, 1},
    {"realloc-move", populate, populate_and_choose<200>, act_realloc<kUsual>, keep_resized<kUsual>,
     proves_other_place, 2},
    {"realloc-shrink", populate, populate_and_choose<2000>, act_realloc<kUsual>,
     keep_resized<kUsual>, proves_other_place, 2},
    {"realloc-foreign", foreign_usual, choose_foreign, act_realloc<1200>, keep_resized<1200>,
     proves_other_place, 2},
    {"realloc-to-run", populate, populate_and_choose<kUsual>, act_realloc<200000>,
     keep_resized<200000>, proves_other_place, 2},
    {"realloc-run-grow", populate, run_with_room, act_realloc<300000>, keep_resized<300000>,
     proves_same_place, 1},
    {"realloc-run-shrink", populate, populate_and_choose<600000>, act_realloc<200000>,
     keep_resized<200000>, proves_same_place, 1},
    {"realloc-huge-grow", populate, huge_object, act_realloc<6291456>, keep_resized<6291456>,
     proves_same_place, 1},
    {"realloc-huge-shrink", populate, populate_and_choose<6291456>, act_realloc<5242880>,
     keep_resized<5242880>, proves_same_place, 1},
    {"realloc-huge-move", populate, huge_object_shut_in, act_realloc<6291456>,
     keep_resized<6291456>, proves_other_place, 2},
    {"resize", populate, populate_and_choose<200>, act_resize<kUsual>, keep_resized<kUsual>,
     proves_other_place, 2},
    {"reallocarray", populate, populate_and_choose<200>,
     [](World& world) {
         world.result =
             call(as_function(emma_reallocarray), as_long(world.subject.bytes), 5, kUsual / 5);
     },
     keep_resized<kUsual>, proves_other_place, 2},
};

}  // namespace

const OperationTable kResizing{kRows, sizeof kRows / sizeof *kRows};

}  // namespace stepping

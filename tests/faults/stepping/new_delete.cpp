// SPDX-License-Identifier: MIT OR Apache-2.0
// The forms of operator new and delete, which add a loop over the new-handler to what the C family
// does.
//
// TEST-FLAGS: -fsized-deallocation
#include "tests/faults/stepping/operation.h"
#include "tests/freestanding/process.h"

#include <new>

namespace stepping {
namespace {

using Stats = struct emma_stats;
using New = void* (*)(std::size_t);
using NewNothrow = void* (*)(std::size_t, const std::nothrow_t&);
using NewAligned = void* (*)(std::size_t, std::align_val_t);
using NewAlignedNothrow = void* (*)(std::size_t, std::align_val_t, const std::nothrow_t&);
using Delete = void (*)(void*);
using DeleteSized = void (*)(void*, std::size_t);
using DeleteAligned = void (*)(void*, std::align_val_t);
using DeleteSizedAligned = void (*)(void*, std::size_t, std::align_val_t);

constexpr std::size_t kAligned = 256;  // bytes; objects of kUsual bytes lie in slots of 512
constexpr std::size_t kRun = 131073;

// ---- states, as for malloc

void slab_begun(World& world) {
    populate(world);
    world.make(kUsual);
}
void first_word_used_up(World& world) {
    populate(world);
    world.make_many(kUsualSlots / 2, kUsual);
}
void full_slab(World& world) {
    populate(world);
    world.make_many(kUsualSlots, kUsual);
}
void memory_used_up(World& world) {
    populate(world);
    use_up_memory(world);
}

// As a program's new-handler does that finds memory somewhere.
std::size_t g_handled;
void find_memory() {
    g_stepper.in_callback = true;
    ++g_handled;
    lift_memory_limit();
    g_stepper.in_callback = false;
}
void memory_used_up_and_handler(World& world) {
    memory_used_up(world);
    g_handled = 0;
    std::set_new_handler(find_memory);
}

void choose_usual(World& world) {
    populate(world);
    world.make_many(3, kUsual);
    choose_last(world);
}
void choose_aligned(World& world) {
    populate(world);
    world.keep(emma_aligned_alloc(kAligned, kUsual), kUsual);
    choose_last(world);
}

// ---- calls

template <std::size_t kSize>
void act_new(World& world) {
    world.result = call(as_function(static_cast<New>(::operator new)), kSize);
}
void act_new_array(World& world) {
    world.result = call(as_function(static_cast<New>(::operator new[])), kUsual);
}
template <std::size_t kSize>
void act_new_nothrow(World& world) {
    world.result =
        call(as_function(static_cast<NewNothrow>(::operator new)), kSize, as_long(&std::nothrow));
}
void act_new_aligned(World& world) {
    world.result =
        call(as_function(static_cast<NewAligned>(::operator new)), kUsual, long{kAligned});
}
template <std::size_t kSize>
void act_new_aligned_nothrow(World& world) {
    world.result = call(as_function(static_cast<NewAlignedNothrow>(::operator new)), kSize,
                        long{kAligned}, as_long(&std::nothrow));
}
void act_delete(World& world) {
    (void)call(as_function(static_cast<Delete>(::operator delete)), as_long(world.subject.bytes));
}
void act_delete_array(World& world) {
    (void)call(as_function(static_cast<Delete>(::operator delete[])), as_long(world.subject.bytes));
}
void act_delete_sized(World& world) {
    (void)call(as_function(static_cast<DeleteSized>(::operator delete)),
               as_long(world.subject.bytes), static_cast<long>(world.subject.size));
}
void act_delete_aligned(World& world) {
    (void)call(as_function(static_cast<DeleteAligned>(::operator delete)),
               as_long(world.subject.bytes), long{kAligned});
}
void act_delete_sized_aligned(World& world) {
    (void)call(as_function(static_cast<DeleteSizedAligned>(::operator delete)),
               as_long(world.subject.bytes), static_cast<long>(world.subject.size), long{kAligned});
}

// ---- results

void keep_aligned(World& world) {
    CHECK(static_cast<std::size_t>(world.result) % kAligned == 0);
    keep_result<kUsual>(world);
}
// Where a fault came there was memory again.
void keep_if_any(World& world) {
    if (world.result != 0) world.keep(reinterpret_cast<void*>(world.result), kRun);
}
void proves_same_slice(const World& world, const Stats& before, const Stats& after) {
    CHECK(slice_addr(result_of(world)) == slice_addr(world[world.count() - 2].bytes));
    CHECK(before.system_calls == after.system_calls);
}
void proves_other_slice(const World& world, const Stats&, const Stats&) {
    CHECK(slice_addr(result_of(world)) != slice_addr(world[world.count() - 2].bytes));
}
void proves_new_arena(const World&, const Stats& before, const Stats& after) {
    CHECK(after.arenas == before.arenas + 1);
}
void proves_handled(const World&, const Stats&, const Stats&) { CHECK(g_handled == 1); }
void proves_null(const World& world, const Stats&, const Stats&) { CHECK(world.result == 0); }

constexpr Operation kRows[] = {
    {"new-fast", populate, slab_begun, act_new<kUsual>, keep_result<kUsual>, proves_same_slice, 1},
    {"new-word", populate, first_word_used_up, act_new<kUsual>, keep_result<kUsual>,
     proves_same_slice, 1},
    {"new-slab", populate, full_slab, act_new<kUsual>, keep_result<kUsual>, proves_other_slice, 1},
    {"new-arena", populate, fill_arena, act_new<kUsual>, keep_result<kUsual>, proves_new_arena, 1},
    {"new-handler", populate, memory_used_up_and_handler, act_new<kRun>, keep_result<kRun>,
     proves_handled, 1},
    {"new_array", populate, slab_begun, act_new_array, keep_result<kUsual>, proves_same_slice, 1},
    {"new_nothrow", populate, slab_begun, act_new_nothrow<kUsual>, keep_result<kUsual>,
     proves_same_slice, 1},
    {"new_nothrow-slab", populate, full_slab, act_new_nothrow<kUsual>, keep_result<kUsual>,
     proves_other_slice, 1},
    {"new_nothrow-null", populate, memory_used_up, act_new_nothrow<kRun>, keep_if_any, proves_null,
     1},
    {"new_aligned", populate, slab_begun, act_new_aligned, keep_aligned, proves_same_slice, 1},
    {"new_aligned-slab", populate, full_slab, act_new_aligned, keep_aligned, proves_other_slice, 1},
    {"new_aligned_nothrow", populate, slab_begun, act_new_aligned_nothrow<kUsual>, keep_aligned,
     proves_same_slice, 1},
    {"delete", populate, choose_usual, act_delete, nullptr, proves_one_less, 1},
    {"delete-remote", foreign_objects, choose_foreign, act_delete, nullptr, proves_one_less, 1},
    {"delete_array", populate, choose_usual, act_delete_array, nullptr, proves_one_less, 1},
    {"delete_sized", populate, choose_usual, act_delete_sized, nullptr, proves_one_less, 1},
    {"delete_sized-remote", foreign_objects, choose_foreign, act_delete_sized, nullptr,
     proves_one_less, 1},
    {"delete_aligned", populate, choose_aligned, act_delete_aligned, nullptr, proves_one_less, 1},
    {"delete_sized_aligned", populate, choose_aligned, act_delete_sized_aligned, nullptr,
     proves_one_less, 1},
};

}  // namespace

const OperationTable kCpp{kRows, sizeof kRows / sizeof *kRows};

}  // namespace stepping

// SPDX-License-Identifier: MIT OR Apache-2.0
// An operation in a state: one row of a table. To add one, add a row; the driver finds it by its
// table and everything else by the row.
#pragma once

#include "tests/faults/stepping/step.h"
#include "tests/faults/stepping/world.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <initializer_list>

namespace stepping {

struct Operation {
    const char* name;
    // On the main thread before the victim exists; null: nothing.
    void (*prepare)(World& world);
    // On the victim thread, at full speed: brings about the state. What the call is about must be
    // taken out of the world (World::subject). Null: nothing.
    void (*set_up)(World& world);
    // Makes exactly one call(), the result in World::result.
    void (*act)(World& world);
    // After the call has returned: checks its result and keeps what it yielded; null: nothing.
    void (*settle)(World& world);
    // After a call that no fault disturbed: that the state was the one meant; null: nothing.
    void (*prove)(const World& world, const struct emma_stats& before,
                  const struct emma_stats& after);
    // How many objects more than known may count as live where the call is never finished.
    std::size_t doubt;
    // The most that nobody can use any more where the call is never finished, in bytes: see
    // losing.cpp. 0: not measured. Of such a row only the faults that leave the call unfinished are
    // run.
    std::size_t most_lost = 0;
};

struct OperationTable {
    const Operation* rows;
    std::size_t count;
};
extern const OperationTable kAllocating, kFreeing, kResizing, kControlling, kOwning, kCpp,
    kReserving, kForked, kLosing, kLosingLong;

// ---- for set-ups -------------------------------------------------------------------------------

inline constexpr bool kThreadHeaps = EMMA_TLS == 1;

// Objects of all kinds; none in slots of 512 bytes, of which a slab has 128, two words of a bitmap.
inline constexpr std::size_t kUsual = 500;  // bytes asked for in such slots
inline constexpr std::size_t kUsualSlots = 128;
void populate(World& world);
// Few objects, where every arena or slab more means more points.
void populate_thinly(World& world);
// Beside that population, objects in all slices of the one arena that there is.
void fill_arena(World& world);

// Runs work(world) on a thread that ends afterwards.
void on_other_thread(World& world, void (*work)(World& world));
// Starts a thread that runs work(world) and then sleeps until the end of the run: outside Emma,
// inside the visitor of an emma_walk, or in an emma_trim that keeps the newest heap's holder out.
enum class Asleep { kOutside, kInWalk, kInVisit };
void with_sleeping_thread(World& world, void (*work)(World& world), Asleep place);
// Ends the thread in the middle of an emma_trim that keeps the newest heap's holder out.
[[noreturn]] void die_in_visit(World& world);
// Leaves a function in mid-call as by longjmp, so that the thread's heap is occupied for good.
void leave_heap(World& world);
// No memory is to be had beyond what is mapped, until a fault comes.
void use_up_memory(World& world);
// Forks: the run goes on in the child, where other threads than the caller are gone. On the victim
// a new thread takes the part of the main one.
void go_on_in_child(World& world);
void survive_fork(World& world);

// Ends it.
void wake_helper(World& world);

// One of the objects last made is what the call is about.
inline void choose_last(World& world) { world.subject = world.take_last(); }
template <std::size_t kSize>
void populate_and_choose(World& world) {
    populate(world);
    world.make(kSize);
    choose_last(world);
}
inline void huge_freed(World& world) {
    populate(world);
    world.make(5000000);
    world.free_one(world.count() - 1);
}
// The main thread makes some, and the victim takes the last of them.
inline void foreign_objects(World& world) {
    populate(world);
    world.make_many(5, kUsual);
}
inline void choose_foreign(World& world) {
    choose_last(world);
    populate(world);
}

// ---- for proofs

inline void proves_one_less(const World&, const struct emma_stats& before,
                            const struct emma_stats& after) {
    CHECK(after.live_objects + 1 == before.live_objects);
}

inline std::uintptr_t slice_addr(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer) >> 16;
}
inline const void* result_of(const World& world) {
    return reinterpret_cast<const void*>(world.result);
}

template <std::size_t kSize>
void act_malloc(World& world) {
    world.result = call(as_function(emma_malloc), kSize);
}
template <std::size_t kSize>
void keep_result(World& world) {
    world.keep(reinterpret_cast<void*>(world.result), kSize);
}
inline void act_free(World& world) {
    (void)call(as_function(emma_free), as_long(world.subject.bytes));
}

}  // namespace stepping

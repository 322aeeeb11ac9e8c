// SPDX-License-Identifier: MIT OR Apache-2.0
// What an operation may cost that is never finished, because its thread has died, was not taken
// along by a fork, or has jumped out: for each a bound, in bytes that nobody can use any more,
// measured among more than 100 arenas and, where threads have heaps of their own, 100 heaps. The
// units of the bounds:
//
//   a heap   that the thread was at work in: its slabs. The victim's has three, of a slice each.
//   a claim  slices that were taken and not yet put to use, or are on their way back
//   pages    of a mapping of its own, the same
#include "tests/faults/stepping/operation.h"
#include "tests/freestanding/process.h"

namespace stepping {
namespace {

using Stats = struct emma_stats;

constexpr std::size_t kSlice = 65536;
constexpr std::size_t kHeap = 3 * kSlice;
constexpr std::size_t kOfOthers = 700;  // in slabs of their own
constexpr std::size_t kRun = 300000, kRunSlices = 5 * kSlice;
constexpr std::size_t kHuge = 5000000, kHugePages = 5001216;
constexpr std::size_t kArena = 4 << 20;
constexpr std::size_t kCrowd = 104;
constexpr std::size_t kMostOfArena = 2200000;  // a run; two do not fit

// ---- states

// Threads that have a heap at the same time, an object in each, and then end.
Phase g_attached, g_leaving;
struct Attached {
    World* world;
    std::uint32_t number;
};
void* attach_and_wait(void* argument) {
    const auto& self = *static_cast<const Attached*>(argument);
    self.world->make(kOfOthers);
    g_attached.set(self.number);
    g_leaving.wait_while(0);
    return nullptr;
}
void make_heaps(World& world) {
    if (!kThreadHeaps) return;
    static Attached all[kCrowd];
    static emma_thread* threads[kCrowd];
    for (std::uint32_t i = 0; i < kCrowd; ++i) {
        all[i] = {&world, i + 1};
        CHECK(emma_thread_create(&threads[i], nullptr, attach_and_wait, &all[i]) == 0);
        g_attached.wait_while(i);
    }
    g_leaving.set(1);
    for (emma_thread* thread : threads) CHECK(emma_thread_join(thread, nullptr) == 0);
}

void make_crowd(World& world) {
    world.make_many(kCrowd, kMostOfArena);
    make_heaps(world);
    world.make(kUsual);  // the main thread's own
}
void have_own_heap(World& world) { populate_thinly(world); }
void full_slab(World& world) {
    populate_thinly(world);
    world.make_many(kUsualSlots - 2, kUsual);
}
template <std::size_t kSize>
void choose(World& world) {
    populate_thinly(world);
    world.make(kSize);
    choose_last(world);
}
// The last object of a slab that is not current.
void all_but_empty(World& world) {
    world.make_many(kUsualSlots, kUsual);
    world.make(kUsual);
    const std::size_t first = world.count() - kUsualSlots - 1;
    world.subject = world.take(first);
    for (std::size_t i = 1; i < kUsualSlots; ++i) world.free_one(world.count() - 1);
    populate_thinly(world);
}
void choose_others(World& world) {
    populate_thinly(world);
    world.subject = world.take(kCrowd);  // the first of the threads' objects, or the main one's
}
// The arenas are empty, but for those that the objects of heaps are in.
void arenas_empty(World& world) {
    populate_thinly(world);
    for (std::size_t i = world.count(); i-- > 0;)
        if (world[i].size == kMostOfArena) world.free_one(i);
}

// ---- calls

void act_trim(World& world) { world.result = call(as_function(emma_trim)); }
void act_attach(World& world) { world.result = call(as_function(emma_thread_attach)); }
void act_detach(World&) { (void)call(as_function(emma_thread_detach)); }
void act_stats(World& world) {
    static Stats stats;
    (void)call(as_function(static_cast<void (*)(Stats*)>(emma_stats)), as_long(&stats));
    world.result = 0;
}
template <std::size_t kSize>
void act_realloc(World& world) {
    world.result = call(as_function(emma_realloc), as_long(world.subject.bytes), kSize);
}
void expect_zero(World& world) { CHECK(static_cast<int>(world.result) == 0); }

void proves_crowd(const World&, const Stats& before, const Stats&) {
    CHECK(before.arenas > 100 && (!kThreadHeaps || before.heaps > 100));
}

constexpr Operation kRows[] = {
    {"lose-malloc", make_crowd, have_own_heap, act_malloc<kUsual>, keep_result<kUsual>,
     proves_crowd, 1, kHeap},
    {"lose-malloc-slab", make_crowd, full_slab, act_malloc<kUsual>, keep_result<kUsual>,
     proves_crowd, 1, kHeap + kSlice},
    {"lose-malloc-run", make_crowd, have_own_heap, act_malloc<kRun>, keep_result<kRun>,
     proves_crowd, 1, kRunSlices},
    {"lose-malloc-huge", make_crowd, have_own_heap, act_malloc<kHuge>, keep_result<kHuge>,
     proves_crowd, 1, kHugePages},
    {"lose-malloc-first", make_crowd, nullptr, act_malloc<kUsual>, keep_result<kUsual>,
     proves_crowd, 1, kHeap},
    {"lose-free", make_crowd, choose<kUsual>, act_free, nullptr, proves_crowd, 1, kHeap},
    {"lose-free-retire", make_crowd, all_but_empty, act_free, nullptr, proves_crowd, 1,
     kHeap + kSlice},
    {"lose-free-run", make_crowd, choose<kRun>, act_free, nullptr, proves_crowd, 1, kRunSlices},
    {"lose-free-huge", make_crowd, choose<kHuge>, act_free, nullptr, proves_crowd, 1, kHugePages},
    {"lose-free-remote", make_crowd, choose_others, act_free, nullptr, proves_crowd, 1,
     kThreadHeaps ? kSlice : kHeap},
    {"lose-realloc-huge", make_crowd, choose<kHuge>, act_realloc<2 * kHuge>, keep_result<2 * kHuge>,
     proves_crowd, 2, 3 * kHugePages},
    {"lose-attach", make_crowd, nullptr, act_attach, expect_zero, proves_crowd, 0, kHeap},
    {"lose-detach", make_crowd, have_own_heap, act_detach, nullptr, proves_crowd, 0, kHeap},
};
// What walks all arenas or heaps.
constexpr Operation kLongRows[] = {
    {"lose-malloc-arena", make_crowd, have_own_heap, act_malloc<kMostOfArena>,
     keep_result<kMostOfArena>, proves_crowd, 1, kArena},
    {"lose-trim-heaps", make_crowd, have_own_heap, act_trim, nullptr, proves_crowd, 640, kHeap},
    {"lose-trim-arenas", make_crowd, arenas_empty, act_trim, nullptr, nullptr, 640, kArena},
    {"lose-stats", make_crowd, have_own_heap, act_stats, nullptr, proves_crowd, 0, kSlice},
};

}  // namespace

const OperationTable kLosing{kRows, sizeof kRows / sizeof *kRows};
const OperationTable kLosingLong{kLongRows, sizeof kLongRows / sizeof *kLongRows};

}  // namespace stepping

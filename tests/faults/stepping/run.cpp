// SPDX-License-Identifier: MIT OR Apache-2.0
// The two threads of a run, and the faults. The victim stands still, dead or alive, while the main
// thread works, so the world has one user at a time.
#include "tests/faults/stepping/run.h"

#include "tests/freestanding/process.h"

namespace stepping {
namespace {

constexpr long kRunSeconds = 40;
// What heaps themselves may take of a reserve: they stay.
constexpr std::size_t kHeapsBytes = 256 << 10;

enum PhaseOfVictim : std::uint32_t { kRunning, kStopped, kReleased, kDied, kEnded };

struct Run {
    Plan plan{};
    Outcome* outcome = nullptr;
    World world{};
    World other_world{};  // of a second thread that works at the same time
    Phase phase{};
    bool is_child = false;         // of a fork at the point
    bool was_abandoned = false;    // the call will never be finished
    std::size_t other_doubt = 0;   // of a call by another thread that will not be either
    bool has_lost_helper = false;  // the child of a fork has no such thread
    bool is_survivor = false;      // the victim made a fork, and is the one that came along
    // Of that one; the kernel clears it at its end. (As the first thread of its process it stays a
    // zombie, which to tgkill(2) is as good as alive.)
    volatile int survivor_id = 0;
};
Run g_run;

std::size_t doubt() {
    return g_run.other_doubt + (g_run.was_abandoned ? g_run.plan.operation->doubt : 0);
}

void exercise_on_other_thread(World& world) { on_other_thread(world, exercise); }

std::size_t mapped_now() {
    struct emma_stats stats;
    emma_stats(&stats);
    return stats.mapped_bytes;
}

// Allocates and frees more than an arena; what is mapped afterwards.
std::size_t mapped_after_work() {
    void* objects[6];
    for (void*& object : objects) {
        object = emma_malloc(1000000);
        CHECK(object != nullptr);
    }
    for (void* object : objects) emma_free(object);
    (void)emma_trim();
    return mapped_now();
}

// What nobody can use again: free slices were purged by emma_trim, and an arena that is listed
// serves with its header. An arena that is not counts whole.
void measure_loss(const struct emma_stats& stats) {
    constexpr std::size_t kHeaderBytes = 65536;
    constexpr std::size_t kHeapBytes = 16384 / 5;  // five share a mapping
    constexpr std::size_t kTables = 32 << 10;      // that have grown, and a mapping that was begun
    Outcome& outcome = *g_run.outcome;
    const std::size_t used =
        stats.resident_bytes - stats.arenas * kHeaderBytes - stats.heaps * kHeapBytes;
    if (!g_run.was_abandoned) {
        outcome.used_undisturbed = used;
        return;
    }
    const std::size_t least = outcome.used_undisturbed + kTables;
    const std::size_t lost = used > least ? used - least : 0;
    if (lost > outcome.most_lost) outcome.most_lost = lost;
    if (lost > g_run.plan.operation->most_lost) test_report("lost bytes", lost);
    CHECK(lost <= g_run.plan.operation->most_lost);
}

// Nothing is live: all goes back but what a call that was never finished holds for ever, and that
// does not become more.
void verify_given_back() {
    (void)emma_trim();
    struct emma_stats stats;
    emma_stats(&stats);
    if (g_run.plan.operation->most_lost != 0) measure_loss(stats);
    const bool is_lost =
        g_run.was_abandoned || g_run.other_doubt != 0 || g_run.world.has_left_heap ||
        g_run.has_lost_helper ||
        (g_run.world.asks_nobody && g_run.is_child);  // nobody's heaps are out of reach
    if (!is_lost) {
        CHECK(stats.arenas == 0);
        CHECK(stats.idle_bytes + kHeapsBytes >= g_run.world.reserved_bytes);
        return;
    }
    if (stats.mapped_bytes > g_run.outcome->lost_bytes)
        g_run.outcome->lost_bytes = stats.mapped_bytes;
    (void)mapped_after_work();  // arenas that are kept may grow, in whatever order they come
    const std::size_t before = mapped_after_work();
    (void)mapped_after_work();
    CHECK(mapped_after_work() <= before);
}

// Everything ends well: all that is known is freed, and nothing else is live.
void finish() {
    World& world = g_run.world;
    if (!g_run.is_child) wake_helper(world);
    exercise(world);
    world.verify_count(doubt());
    exercise_on_other_thread(world);
    world.free_all();
    world.verify_count(doubt());
    check_invariants();
    verify_given_back();
    check_invariants();
    world.make(kUsual);
    world.free_all();
}

// ---- a thread that gets a heap while the victim is interrupted, and keeps it until the call is
// over

constexpr std::size_t kKeptSizes[] = {48, kUsual, 700, 2000};
struct Keeper {
    emma_thread* thread;
    Phase phase;  // 0: not yet, 1: has its objects, 2: woken
} g_keeper;

void* keep_heap(void*) {
    World& world = g_run.other_world;
    for (const std::size_t size : kKeptSizes) world.make(size);
    g_keeper.phase.set(1);
    g_keeper.phase.wait_while(1);
    exercise(world);
    world.free_all();
    return nullptr;
}

// What a thread gets from now on comes from no slab of the keeper's heap.
void verify_apart() {
    World& world = g_run.world;
    for (const std::size_t size : kKeptSizes) {
        const Object& fresh = world.make(size);
        for (std::size_t i = 0; kThreadHeaps && i < g_run.other_world.count(); ++i)
            CHECK(slice_addr(fresh.bytes) != slice_addr(g_run.other_world[i].bytes));
    }
}

void start_keeper() {
    CHECK(emma_thread_create(&g_keeper.thread, nullptr, keep_heap, nullptr) == 0);
    g_keeper.phase.wait_while(0);
}

void end_keeper() {
    if (g_keeper.thread == nullptr) return;
    verify_apart();
    g_keeper.phase.set(2);
    CHECK(emma_thread_join(g_keeper.thread, nullptr) == 0);
}

// ---- the victim

void undisturbed_call() {
    const Operation& operation = *g_run.plan.operation;
    g_stepper.trace = g_run.outcome->trace;
    operation.act(g_run.world);
    g_run.outcome->points = g_stepper.point;
    if (operation.settle != nullptr) operation.settle(g_run.world);
}

// Apart, as statistics are not without traces: they number the child of a fork.
void proved_call() {
    const Operation& operation = *g_run.plan.operation;
    struct emma_stats before, after;
    emma_stats(&before);
    operation.act(g_run.world);
    emma_stats(&after);
    if (operation.settle != nullptr) operation.settle(g_run.world);
    operation.prove(g_run.world, before, after);
}

void at_point(Registers& registers) {
    g_run.outcome->was_reached = true;
    lift_memory_limit();
    g_run.plan.fault->at_point(registers);
}

void disturbed_call() {
    const Operation& operation = *g_run.plan.operation;
    g_stepper.at_point = at_point;
    aim(g_run.plan.point, g_run.outcome->trace, g_run.outcome->points);
    operation.act(g_run.world);
    if (operation.settle != nullptr && !g_run.was_abandoned) operation.settle(g_run.world);
    end_keeper();
}

// After a longjmp out of the call: the thread works on borrowed heaps, then on a new one.
void live_on() {
    exercise(g_run.world);
    CHECK(emma_thread_attach() == 0);
    exercise(g_run.world);
}

void* be_victim(void*) {
    const Operation& operation = *g_run.plan.operation;
    if (operation.set_up != nullptr) operation.set_up(g_run.world);
    g_stepper = {};
    if (g_run.plan.fault == &kNoFault) {
        undisturbed_call();
    } else if (g_run.plan.fault == &kProof) {
        proved_call();
    } else {
        disturbed_call();
    }
    lift_memory_limit();
    g_run.world.verify();
    if (g_run.was_abandoned) live_on();
    if (g_run.is_child) {
        finish();
        end_process(0);
    }
    g_run.phase.set(kEnded);
    // Nobody can wait for the end of a thread that has survived a fork.
    if (g_run.is_survivor) g_run.phase.wait_while(kEnded);
    return nullptr;
}

// ---- faults: what happens at the point

void handle_signal(Registers&) { exercise(g_run.world); }

// What the call has just given away is another thread's by the time the handler runs, and stays so.
void handle_beside_keeper(Registers&) {
    start_keeper();
    verify_apart();
    exercise(g_run.world);
}

// A call of its own in the middle of the run, stepped, with `at_point` at some instruction.
void call_something(AtPoint at_point) {
    World& world = g_run.world;
    g_stepper = {};
    g_stepper.target = test_below(&world.random, 120);
    g_stepper.at_point = at_point;
    const std::size_t kind = world.count() == 0 ? 0 : test_below(&world.random, 4);
    if (kind == 0) {
        world.keep(reinterpret_cast<void*>(call(as_function(emma_malloc), kUsual)), kUsual);
    } else if (kind == 1) {
        const Object object = world.take_last();
        (void)call(as_function(emma_free), as_long(object.bytes));
    } else if (kind == 2) {
        const Object object = world.take_last();
        const long moved = call(as_function(emma_realloc), as_long(object.bytes), 3000);
        world.keep(reinterpret_cast<void*>(moved), 3000);
    } else {
        g_stepper.target *= 8;
        (void)call(as_function(emma_trim));
    }
}

// A handler that is itself interrupted at some instruction of its own call.
void handle_interrupted(Registers&) {
    const Stepper outer = g_stepper;
    call_something([](Registers&) { exercise(g_run.world); });
    g_stepper = outer;
}

// In the child of a fork: one more fork, and a thread.
void live_in_child() {
    limit_time(kRunSeconds);
    g_run.is_child = true;
    g_run.has_lost_helper = g_run.world.helper != nullptr;
    exercise(g_run.world);
    exercise_on_other_thread(g_run.world);
    const long grandchild = fork_process(true);
    if (grandchild == 0) {
        limit_time(kRunSeconds);
        exercise(g_run.world);
        end_process(0);
    }
    CHECK(wait_for_process(grandchild) == 0);
    check_invariants();
}

// The child goes on with the interrupted call, too.
void fork_here(Registers&) {
    const long child = fork_process(test_below(&g_run.world.random, 2) == 0);
    if (child == 0) {
        live_in_child();
    } else {
        CHECK(wait_for_process(child) == 0);
    }
}

void stop_here(Registers&) {
    g_run.phase.set(kStopped);
    g_run.phase.wait_while(kStopped);
}

void die_here(Registers&) {
    g_run.was_abandoned = true;
    g_run.phase.set(kDied);
    end_thread();
}

void jump_from_here(Registers& registers) {
    g_run.was_abandoned = true;
    leave_function(registers);
}

// ---- faults: what the main thread does meanwhile

// Another thread forks: in the child the victim is gone in mid-call.
void fork_meanwhile() {
    const long child = fork_process(false);
    if (child == 0) {
        live_in_child();
        g_run.was_abandoned = true;
        finish();
        end_process(0);
    }
    CHECK(wait_for_process(child) == 0);
}

void* exercise_other_world(void*) {
    exercise(g_run.other_world);
    g_run.other_world.free_all();
    return nullptr;
}

// Two threads work while the victim stands still, give back what they can, and use it again.
void work_meanwhile() {
    if (test_below(&g_run.world.random, 2) == 0) (void)emma_trim();
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, nullptr, exercise_other_world, nullptr) == 0);
    exercise(g_run.world);
    (void)emma_trim();
    check_invariants();
    exercise(g_run.world);
    CHECK(emma_thread_join(thread, nullptr) == 0);
    (void)emma_trim();
    g_run.world.verify_walk();
    g_run.world.make_many(4, kUsual);
    check_invariants();
}

void* die_somewhere(void*) {
    call_something([](Registers&) {
        g_run.other_doubt = 640;  // as for emma_trim
        end_thread();
    });
    return nullptr;
}

// Another thread dies at some instruction while the victim stands still.
void lose_one_meanwhile() {
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, nullptr, die_somewhere, nullptr) == 0);
    CHECK(emma_thread_join(thread, nullptr) == 0);
    work_meanwhile();
}

}  // namespace

constinit const Fault kNoFault{"none", nullptr, nullptr, 0, false};
constinit const Fault kProof{"proof", nullptr, nullptr, 0, false};
constinit const Fault kFaults[] = {
    {"handler", handle_signal, nullptr, 0, false},
    {"nested", handle_interrupted, nullptr, 0, false},
    {"keeper", handle_beside_keeper, nullptr, 48, false},
    {"jump", jump_from_here, nullptr, 0, true},
    {"fork", fork_here, nullptr, 0, false},
    {"fork-beside", stop_here, fork_meanwhile, 0, true},
    {"stop", stop_here, work_meanwhile, 0, false},
    {"death", die_here, work_meanwhile, 0, true},
    {"stop-death", stop_here, lose_one_meanwhile, 0, false},
};
constinit const std::size_t kFaultCount = sizeof kFaults / sizeof *kFaults;

namespace {

emma_thread* g_victim;

void await_victim() {
    if (!g_run.is_survivor) {
        CHECK(emma_thread_join(g_victim, nullptr) == 0);
        return;
    }
    if (g_run.phase.get() != kDied) return;
    while (g_run.survivor_id != 0) emma_syscall(__NR_sched_yield);
}

// The part of the main thread.
void* attend_victim(void*) {
    const Fault& fault = *g_run.plan.fault;
    g_run.phase.wait_while(kRunning);
    if (g_run.phase.get() == kStopped) {
        fault.meanwhile();
        g_run.phase.set(kReleased);
        g_run.phase.wait_while(kReleased);
    }
    await_victim();
    if (g_run.phase.get() == kDied) fault.meanwhile();
    finish();
    end_process(0);
}

}  // namespace

void go_on_in_child(World& world) {
    const long child = fork_process(test_below(&world.random, 2) == 0);
    if (child != 0) end_process(wait_for_process(child) == 0 ? 0 : 1);
    limit_time(kRunSeconds);
    world.helper = nullptr;
}

void survive_fork(World& world) {
    go_on_in_child(world);
    g_run.is_survivor = true;
    g_run.survivor_id = static_cast<int>(emma_syscall(__NR_set_tid_address, &g_run.survivor_id));
    emma_thread* attendant;
    CHECK(emma_thread_create(&attendant, nullptr, attend_victim, nullptr) == 0);
}

void perform(const Plan& plan, Outcome* outcome) {
    limit_time(kRunSeconds);
    install_trap_handler();
    g_run.plan = plan;
    g_run.outcome = outcome;
    g_run.world.random.state = (plan.seed + plan.point * 0x9e3779b97f4a7c15) | 1;
    g_run.other_world.random.state = plan.seed * 2 + 1;
    if (plan.operation->prepare != nullptr) plan.operation->prepare(g_run.world);
    CHECK(emma_thread_create(&g_victim, nullptr, be_victim, nullptr) == 0);
    (void)attend_victim(nullptr);
    end_process(0);
}

}  // namespace stepping

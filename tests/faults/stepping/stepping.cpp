// SPDX-License-Identifier: MIT OR Apache-2.0
// Never waits, always callable: each operation in each state is run one machine instruction at a
// time, and at each instruction one fault happens; then everything is checked. See operation.h for
// the operations, run.cpp for the faults.
//
//   stepping [all [SEED]]                      all operations and faults, at every point
//   stepping part K N [SEED]                   likewise, at every N-th point from the K-th on
//   stepping sample COUNT [SEED]               at about COUNT points of each; seed 0: a new one
//   stepping OPERATION [FAULT [POINT [SEED]]]  one operation, one fault, one point
//
// A sample has all points of a short operation with a fault that says so (Fault::complete_to).
// Every run is a process; the last line counts them. A failure is named by a command that repeats
// it alone.
//
// TEST-ARGS: sample 6 0
// TEST-PROOFS: sample 3 0
// TEST-LIMIT: 400
// TEST-KIND: static
// TEST-ONCE: the compiler of the library makes little difference, and the runs are many
// TEST-QEMU: no, because its user mode does not honour the trap flag
#include "tests/faults/stepping/run.h"
#include "tests/freestanding/process.h"

namespace {

using namespace stepping;

struct Totals {
    std::uint64_t points = 0;
    std::uint64_t runs = 0;
    std::uint64_t failures = 0;
} g_totals;

Outcome* g_outcome;

void print_pair(const char* text, std::uint64_t number) {
    test_print(text);
    test_print_number(number);
}

void print_failure(const Plan& plan, int status) {
    const int signal = status & 0x7f;
    test_print("\nFAILED: stepping ");
    test_print(plan.operation->name);
    test_print(" ");
    test_print(plan.fault->name);
    print_pair(" ", plan.point);
    print_pair(" ", plan.seed);
    if (signal == SIGALRM) {
        test_print(" (out of time)\n");
    } else if (signal != 0) {
        print_pair(" (signal ", static_cast<unsigned>(signal));
        test_print(")\n");
    } else {
        test_print(status != 0 ? " (a check)\n" : " (the point was not reached)\n");
    }
}

bool run(const Plan& plan) {
    g_outcome->was_reached = false;
    const long child = fork_process(false);
    if (child == 0) perform(plan, g_outcome);
    const int status = wait_for_process(child);
    ++g_totals.runs;
    const bool passed = status == 0 && (plan.point == kNoPoint || g_outcome->was_reached);
    if (passed) return true;
    ++g_totals.failures;
    print_failure(plan, status);
    return false;
}

struct Selection {
    const char* operation = nullptr;  // null: all
    const char* fault = nullptr;
    std::uint64_t point = kNoPoint;
    std::uint64_t sample = kNoPoint;    // how many points, where there are more
    std::uint64_t part = 0, parts = 1;  // of the chosen points every parts-th, from this one on
    std::uint64_t seed = 1;
};

bool same(const char* a, const char* b) {
    while (*a != '\0' && *a == *b) ++a, ++b;
    return *a == *b;
}

// An operation that walks a hundred arenas or heaps is stepped for seconds. It is run at so many of
// its points, in a sample at one.
constexpr std::uint64_t kLong = 50000, kOfLong = 100;
// And in a sample of fewer points not at all.
constexpr std::uint64_t kLeastSampleWithLong = 6;

void step_through(const Selection& selection, const Operation& operation, const Fault& fault,
                  std::uint64_t points, test_random* random) {
    Plan plan{&operation, &fault, selection.point, selection.seed};
    std::uint64_t covered = 1, failures = g_totals.failures;
    if (selection.point != kNoPoint) {
        (void)run(plan);
    } else {
        covered = 0;
        const bool is_complete = points <= fault.complete_to;
        const std::uint64_t wanted = points <= kLong                ? selection.sample
                                     : selection.sample == kNoPoint ? kOfLong
                                                                    : 1;
        const std::uint64_t stride = is_complete ? 1 : (points - 1) / wanted + 1;
        std::uint64_t chosen = 0;
        for (plan.point = test_below(random, stride); plan.point < points; plan.point += stride) {
            if (chosen++ % selection.parts != selection.part) continue;
            (void)run(plan);
            ++covered;
        }
    }
    g_totals.points += covered;
    print_pair(" ", covered);
    if (g_totals.failures != failures) print_pair(" FAILED:", g_totals.failures - failures);
}

void step_operation(const Selection& selection, const Operation& operation) {
    const Plan plan{&operation, &kNoFault, kNoPoint, selection.seed};
    test_random random{selection.seed};
    test_print(operation.name);
    g_outcome->most_lost = 0;
    if (!run(plan)) return;
    if (operation.prove != nullptr && !run({&operation, &kProof, kNoPoint, selection.seed})) return;
    const std::uint64_t points = g_outcome->points;
    print_pair(": ", points);
    test_print(" points;");
    for (std::size_t i = 0; i < kFaultCount; ++i) {
        if (selection.fault != nullptr && !same(selection.fault, kFaults[i].name)) continue;
        if (operation.most_lost != 0 && !kFaults[i].leaves_unfinished) continue;
        test_print(" ");
        test_print(kFaults[i].name);
        step_through(selection, operation, kFaults[i], points, &random);
    }
    if (operation.most_lost != 0) {
        print_pair("; lost at most ", g_outcome->most_lost >> 10);
        print_pair(" KiB of ", operation.most_lost >> 10);
    }
    test_print("\n");
}

Selection parse(int argc, char** argv) {
    Selection selection;
    if (argc > 1 && same(argv[1], "sample")) {
        const std::uint64_t count = test_argument(argc, argv, 2, 40);
        selection.sample = count == 0 ? 1 : count;
        selection.seed = test_argument(argc, argv, 3, 0);
    } else if (argc > 1 && same(argv[1], "all")) {
        selection.seed = test_argument(argc, argv, 2, 1);
    } else if (argc > 1 && same(argv[1], "part")) {
        selection.part = test_argument(argc, argv, 2, 0);
        selection.parts = test_argument(argc, argv, 3, 1);
        CHECK(selection.part < selection.parts);
        selection.seed = test_argument(argc, argv, 4, 1);
    } else {
        if (argc > 1) selection.operation = argv[1];
        if (argc > 2) selection.fault = argv[2];
        if (argc > 3) selection.point = test_argument(argc, argv, 3, 0);
        selection.seed = test_argument(argc, argv, 4, 1);
    }
    if (selection.seed == 0)
        selection.seed = *reinterpret_cast<const std::uint64_t*>(emma_getauxval(25)) >> 40 | 1;
    return selection;
}

void* run_selection(void* argument) {
    const Selection& selection = *static_cast<const Selection*>(argument);
    for (const OperationTable& table : {kAllocating, kFreeing, kResizing, kControlling, kOwning,
                                        kCpp, kReserving, kForked, kLosing, kLosingLong}) {
        if (table.rows == kLosingLong.rows && selection.sample < kLeastSampleWithLong) continue;
        for (std::size_t i = 0; i < table.count; ++i)
            if (selection.operation == nullptr || same(selection.operation, table.rows[i].name))
                step_operation(selection, table.rows[i]);
    }
    return nullptr;
}

}  // namespace

// So that a point means the same in every run, no address is left to chance: those of the initial
// stack, which depend on the arguments, are kept out by a thread.
int main(int argc, char** argv, char** envp) {
    fix_addresses(argv, envp);
    Selection selection = parse(argc, argv);
    g_outcome = static_cast<Outcome*>(map_shared(sizeof(Outcome)));
    register_for_barriers();
    test_report("seed", selection.seed);
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, nullptr, run_selection, &selection) == 0);
    CHECK(emma_thread_join(thread, nullptr) == 0);
    print_pair("with no object live, a call that was never finished left at most ",
               g_outcome->lost_bytes >> 10);
    test_print(" KiB mapped\n");
    print_pair("", g_totals.points);
    print_pair(" instruction points x faults, ", g_totals.runs);
    print_pair(" runs, ", g_totals.failures);
    test_print(" failures\n");
    return g_totals.failures != 0 || g_totals.points == 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// explorer: runs the lock-free protocols of core/ in every order of two or three threads.
//
//   explorer                     every scenario
//   explorer --list              their names
//   explorer SCENARIO...         these (`visit`: with any number of threads; `visit/3`: with three)
//   --limit N                    at most N runs exhaustively; where that does not do, then all runs
//                                with at most --preemptions (2) within N, and N/4 random ones;
//                                about which share of all was walked is estimated
//   --random N                   N random runs, nothing else
//   --seed S                     of the random runs (drawn and printed otherwise)
//   --replay 'SCHEDULE'          one run, listed; the schedule as a failure prints it
//   --interrupt N                only with the handler at the first thread's point N, of scenarios
//                                with a handler, which else are run for every point
//   --left-out                   the scenarios that these build options leave out, and why
//   --expect-failure             succeeds if some scenario fails (for builds with a bug)
//
// A failure is listed operation by operation: thread (`0h`: its handler), what it did, which
// location, what it found
// (`2 stores late`: not the newest), where in the sources.
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "core/check.h"
#include "tests/explorer/listing.h"
#include "tests/explorer/memory.h"
#include "tests/explorer/run.h"
#include "tests/explorer/selftest.h"

namespace emma::explore {
namespace {

ScenarioKind* g_scenarios = nullptr;

constexpr unsigned kRandomPrograms = 100;
constexpr unsigned kEveryPoint = ~0u;

struct Settings {
    unsigned long limit = 200000;
    unsigned preemptions = 2;
    unsigned long random = 0;
    std::uint64_t seed = 0;
    bool expect_failure = false;
    bool replay = false;
    unsigned signal_point = kEveryPoint;
    std::vector<Choice> choices;
};

struct Count {
    unsigned long runs = 0, superfluous = 0, longest = 0;
    bool ended = false, failed = false, was_interrupted = false;
};

double now() {
    timeval time;
    gettimeofday(&time, nullptr);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void report(const Runner& runner) {
    std::printf("  FAILS: %s\n", runner.failure().c_str());
    print_run(runner);
}

Count walk(Runner& runner, Search& search, unsigned long limit) {
    Count count;
    while (count.runs + count.superfluous < limit) {
        const Outcome outcome = runner.run(search);
        ++(outcome == Outcome::kSuperfluous ? count.superfluous : count.runs);
        count.was_interrupted |= runner.was_interrupted();
        if (runner.events().size() > count.longest) count.longest = runner.events().size();
        if (outcome == Outcome::kFailed) {
            count.failed = true;
            report(runner);
            return count;
        }
        if (!search.next_path()) {
            count.ended = true;
            return count;
        }
    }
    return count;
}

bool walk_bounded(Runner& runner, Search& search, const Settings& settings) {
    search.start(Search::Mode::kBounded);
    search.bound_preemptions(settings.preemptions);
    const Count count = walk(runner, search, settings.limit);
    std::printf("  %lu schedules with at most %u preemptions, ", count.runs, settings.preemptions);
    if (count.ended)
        std::printf("all of them\n");
    else
        std::printf("about %.1g of all of them\n", search.walked_share());
    return !count.failed;
}

bool walk_randomly(Runner& runner, Search& search, const Settings& settings, unsigned long limit) {
    search.start(Search::Mode::kRandom);
    search.seed(settings.seed);
    const Count count = walk(runner, search, limit);
    std::printf("  %lu random schedules, seed %llu\n", count.runs,
                static_cast<unsigned long long>(settings.seed));
    return !count.failed;
}

// A handler at one point of the first thread. Where not all orders can be walked there, some are.
Count walk_at_point(Runner& runner, Search& search, const Settings& settings) {
    constexpr unsigned long kPart = 20;
    search.start(Search::Mode::kExhaustive);
    Count count = walk(runner, search, settings.limit / kPart);
    if (count.failed || count.ended) return count;
    search.start(Search::Mode::kBounded);
    search.bound_preemptions(settings.preemptions);
    const Count bounded = walk(runner, search, settings.limit / kPart);
    count.runs += bounded.runs;
    count.failed = bounded.failed;
    return count;
}

bool walk_interrupted(Runner& runner, Search& search, const Settings& settings) {
    const double start = now();
    unsigned long runs = 0, points = 0, exhausted = 0;
    for (;; ++points) {
        runner.set_signal_point(static_cast<unsigned>(points));
        const Count count = walk_at_point(runner, search, settings);
        runs += count.runs;
        if (count.failed) {
            std::printf("  the handler: --interrupt %lu\n", points);
            return false;
        }
        if (!count.was_interrupted) break;
        exhausted += count.ended ? 1 : 0;
    }
    std::printf("  a handler at %lu points, %lu schedules, exhaustive at %lu points, %.1f s\n",
                points, runs, exhausted, now() - start);
    return points != 0;
}

bool replay(Runner& runner, Search& search, const Settings& settings) {
    search.start(Search::Mode::kReplay);
    search.replay(settings.choices);
    const bool passes = runner.run(search) == Outcome::kDone;
    if (!passes) std::printf("  FAILS: %s\n", runner.failure().c_str());
    print_run(runner);
    return passes;
}

bool explore(const ScenarioKind& kind, const Settings& settings) {
    std::printf("%s, %u threads: %s\n", kind.name, kind.threads, kind.about);
    if (is_selftest(kind) && settings.random == 0 && !settings.replay)
        return run_selftest(kind, settings.seed, kRandomPrograms);
    Runner runner(kind);
    if (!runner.set_up()) {
        std::printf("  FAILS before the threads: %s\n", runner.failure().c_str());
        return false;
    }
    Search search;
    if (runner.has_handler() && settings.signal_point == kEveryPoint)
        return walk_interrupted(runner, search, settings);
    runner.set_signal_point(settings.signal_point);
    if (settings.replay) return replay(runner, search, settings);
    if (settings.random != 0) return walk_randomly(runner, search, settings, settings.random);
    const double start = now();
    search.start(Search::Mode::kExhaustive);
    const Count count = walk(runner, search, settings.limit);
    std::printf(
        "  %lu schedules%s, up to %lu operations each (%lu cut off as superfluous), %.1f s\n",
        count.runs, count.ended ? ", exhaustive" : "", count.longest, count.superfluous,
        now() - start);
    if (!count.failed && !count.ended)
        std::printf("  about %.1g of all of them\n", search.walked_share());
    if (count.failed || count.ended) return !count.failed;
    return walk_bounded(runner, search, settings) &&
           walk_randomly(runner, search, settings, settings.limit / 4);
}

bool is_wanted(const ScenarioKind& kind, char** names, int count) {
    for (int i = 0; i < count; ++i) {
        const std::string full = kind.name + std::string("/") + std::to_string(kind.threads);
        if (std::strcmp(names[i], kind.name) == 0 || full == names[i]) return true;
    }
    return count == 0;
}

void list() {
    for (const ScenarioKind* kind = g_scenarios; kind != nullptr; kind = kind->next)
        if (kind->left_out == nullptr) std::printf("%s/%u\n", kind->name, kind->threads);
}
void list_left_out() {
    for (const ScenarioKind* kind = g_scenarios; kind != nullptr; kind = kind->next)
        if (kind->left_out != nullptr)
            std::printf("%s/%u: %s\n", kind->name, kind->threads, kind->left_out);
}

// A fault of the code under test: the run so far is all that is known.
bool g_expects_failure = false;
void on_fault(int signal) {
    std::printf("  FAILS: signal %d\n", signal);
    print_run(*Runner::current());
    std::fflush(stdout);
    _exit(g_expects_failure ? 0 : 1);
}

void catch_faults() {
    static unsigned char stack[256 * 1024];
    const stack_t alternate{.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof stack};
    sigaltstack(&alternate, nullptr);
    struct sigaction action = {};
    action.sa_handler = on_fault;
    action.sa_flags = SA_ONSTACK | SA_NODEFER | SA_RESETHAND;
    for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGFPE})
        sigaction(signal, &action, nullptr);
}

int run_all(const Settings& settings, char** names, int name_count) {
    unsigned passed = 0, failed = 0;
    for (const ScenarioKind* kind = g_scenarios; kind != nullptr; kind = kind->next) {
        if (kind->left_out != nullptr || !is_wanted(*kind, names, name_count)) continue;
        ++(explore(*kind, settings) ? passed : failed);
        if (failed != 0 && settings.expect_failure) break;
    }
    std::printf("%u passed, %u failed\n", passed, failed);
    if (settings.expect_failure) return failed != 0 ? 0 : 1;
    return failed == 0 && passed != 0 ? 0 : 1;
}

}  // namespace

void add_scenario(ScenarioKind* kind) {
    ScenarioKind** last = &g_scenarios;
    while (*last != nullptr) last = const_cast<ScenarioKind**>(&(*last)->next);
    *last = kind;
}

int main(int argc, char** argv) {
    Settings settings;
    settings.seed = std::random_device{}();
    int first = 1;
    for (; first < argc && std::strncmp(argv[first], "--", 2) == 0; ++first) {
        const std::string option = argv[first];
        const bool takes_value =
            option != "--list" && option != "--left-out" && option != "--expect-failure";
        const char* const value = takes_value && first + 1 < argc ? argv[++first] : "";
        if (option == "--list" || option == "--left-out") {
            option == "--list" ? list() : list_left_out();
            return 0;
        }
        if (option == "--expect-failure")
            settings.expect_failure = true;
        else if (option == "--limit")
            settings.limit = std::strtoul(value, nullptr, 10);
        else if (option == "--preemptions")
            settings.preemptions = static_cast<unsigned>(std::strtoul(value, nullptr, 10));
        else if (option == "--random")
            settings.random = std::strtoul(value, nullptr, 10);
        else if (option == "--interrupt")
            settings.signal_point = static_cast<unsigned>(std::strtoul(value, nullptr, 10));
        else if (option == "--seed")
            settings.seed = std::strtoull(value, nullptr, 10);
        else if (option == "--replay")
            settings.replay = from_text(value, settings.choices);
        else {
            std::fprintf(stderr, "explorer: unknown option %s\n", option.c_str());
            return 2;
        }
    }
    g_expects_failure = settings.expect_failure;
    catch_faults();
    set_panic_handler([](const emma_panic* what) { fail(what->message); });
    return run_all(settings, argv + first, argc - first);
}

}  // namespace emma::explore

int main(int argc, char** argv) { return emma::explore::main(argc, argv); }

// SPDX-License-Identifier: MIT OR Apache-2.0
// Outcomes as sets: what the reduced walk finds must be what the one without reductions finds.
#include "tests/explorer/selftest.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>

#include "tests/explorer/listing.h"

namespace emma::explore {
namespace {

using Outcomes = std::set<std::uint64_t>;

Outcomes g_outcomes;
std::uint64_t g_seed = 0;

struct Walk {
    Outcomes outcomes;
    unsigned long runs = 0, superfluous = 0;
    bool failed = false;
};

Walk walk(const ScenarioKind& kind, Search::Mode mode) {
    Runner runner(kind);
    Search search;
    Walk result;
    g_outcomes.clear();
    result.failed = !runner.set_up();
    search.start(mode);
    search.bound_preemptions(~0u);
    do {
        const Outcome outcome = runner.run(search);
        ++(outcome == Outcome::kSuperfluous ? result.superfluous : result.runs);
        if (outcome == Outcome::kFailed) {
            std::printf("  FAILS: %s\n", runner.failure().c_str());
            print_run(runner);
            result.failed = true;
        }
    } while (!result.failed && search.next_path());
    result.outcomes = g_outcomes;
    return result;
}

Outcomes parse(const char* text) {
    Outcomes outcomes;
    for (char* end = nullptr; *text != '\0'; text = *end == ' ' ? end + 1 : end)
        outcomes.insert(std::strtoull(text, &end, 10));
    return outcomes;
}

}  // namespace

void note_outcome(std::uint64_t value) { g_outcomes.insert(value); }
std::uint64_t scenario_seed() { return g_seed; }

bool run_selftest(const ScenarioKind& kind, std::uint64_t seed, unsigned programs) {
    const bool is_random = std::strcmp(kind.about, "*") == 0;
    unsigned long runs = 0, superfluous = 0, all_runs = 0;
    for (g_seed = seed; g_seed < seed + (is_random ? programs : 1); ++g_seed) {
        const Walk reduced = walk(kind, Search::Mode::kExhaustive);
        const Walk full = walk(kind, Search::Mode::kBounded);
        runs += reduced.runs;
        superfluous += reduced.superfluous;
        all_runs += full.runs;
        const Outcomes expected = is_random ? full.outcomes : parse(kind.about);
        if (!reduced.failed && !full.failed && reduced.outcomes == expected &&
            full.outcomes == expected)
            continue;
        std::printf("  FAILS: %zu outcomes, %zu without reductions, %zu expected; seed %llu\n",
                    reduced.outcomes.size(), full.outcomes.size(), expected.size(),
                    static_cast<unsigned long long>(g_seed));
        return false;
    }
    std::printf("  outcomes as expected; %lu schedules (%lu cut off), without reductions %lu\n",
                runs, superfluous, all_runs);
    return true;
}

}  // namespace emma::explore

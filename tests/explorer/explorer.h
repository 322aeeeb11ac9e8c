// SPDX-License-Identifier: MIT OR Apache-2.0
// What a scenario of the interleaving explorer sees. A scenario is an object that sets up some part
// of core/, lets two or three threads work on it, and checks the outcome; the explorer runs it once
// for every order of their atomic operations and every value that their loads may find.
//
// Everything that threads share lies in the scenario object or in pages from `kSystemPages`, which
// is the explorer's here: that memory is put back before every run, its plain accesses are checked
// for races, and touching what is unmapped fails.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

namespace emma::explore {

inline constexpr unsigned kMaxThreads = 3;

class Scenario {
  public:
    virtual ~Scenario() = default;
    virtual void set_up() = 0;  // alone, before the threads
    virtual void run_thread(unsigned index) = 0;
    virtual void check() = 0;        // alone, after them
    virtual void handle_signal() {}  // on the first thread: see interrupt_first_thread()
};

struct ScenarioKind {
    const char* name;
    unsigned threads;
    const char* about;
    const char* left_out;  // why; null: it is run
    std::size_t bytes;
    Scenario* (*construct)(void* place);
    const ScenarioKind* next;
};

// Makes a scenario known: `const Registration<RemoteFree> remote_free("remote_free", 2, "...")`.
// One that makes no sense with the options of this build says why in `left_out`, and is not run.
void add_scenario(ScenarioKind* kind);
template <typename T>
class Registration {
  public:
    Registration(const char* name, unsigned threads, const char* about,
                 const char* left_out = nullptr)
        : kind_{name,     threads,   about,
                left_out, sizeof(T), [](void* place) -> Scenario* { return new (place) T; },
                nullptr} {
        add_scenario(&kind_);
    }

  private:
    ScenarioKind kind_;
};

// Ends the run with a finding.
[[noreturn]] void fail(const char* what);
inline void expect(bool holds, const char* what) {
    if (!holds) fail(what);
}

// Names for the failure's listing: `count` objects of `each_bytes` from `start` on.
void name_range(const void* start, std::size_t each_bytes, unsigned count, const char* name);

// Words that nothing is decided by (statistics): operations on them are no steps. For set_up().
void leave_out(const void* start, std::size_t bytes);

// Globals that a scenario changes are put back like its own memory. For set_up().
void include_global(void* start, std::size_t bytes);

// A word that each thread has for itself (a thread_local of core/). For set_up().
void make_private(void* word);

// Fields that are read while their owner changes them, by design: plain races there are no finding.
void allow_races(const void* start, std::size_t bytes);

// The end of a thread is a step of its own, which has_ended() sees. For set_up().
void observe_ends();

// The first thread is interrupted by handle_signal() of the scenario, once in each run: before its
// first access to what threads share or to its private word, then before its second one, and so on
// to its end, and for each of these points all orders are walked. For set_up().
void interrupt_first_thread();

// Page source: from now on how many calls of map and extend succeed, and what a refused extend
// says.
void limit_source(unsigned successes, bool refused_means_taken);
void limit_unmaps(unsigned successes);
std::size_t bytes_mapped();

// ---- for the explorer's own tests: what a run came to, and what a random scenario is made from
void note_outcome(std::uint64_t value);
std::uint64_t scenario_seed();

// ---- the kernel's part, for the headers that stand in for arch/linux
inline constexpr std::uint32_t kProcess = 7;
inline constexpr std::uint32_t kFirstThreadId = 100;  // of thread 0
inline constexpr std::uint32_t kGoneThreadId = 99;    // of a thread that ended before the run
std::uint32_t current_thread_id();
bool has_ended(std::uint32_t thread_id);
// The id kGoneThreadId may be given to a new thread: from when on, says this word, which the
// threads change. Null: it is not. The kernel's answer is never an old one, hence no plain load.
inline std::atomic<std::uint32_t>* g_came_again = nullptr;
inline bool id_came_again() {
    return g_came_again != nullptr && g_came_again->fetch_add(0, std::memory_order_acq_rel) != 0;
}
bool barrier_on_all_threads();

}  // namespace emma::explore

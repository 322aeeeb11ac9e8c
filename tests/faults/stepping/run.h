// SPDX-License-Identifier: MIT OR Apache-2.0
// One run, a process of its own: a victim thread brings about a state, makes a call, and meets one
// fault at one point; then everything is checked.
#pragma once

#include "tests/faults/stepping/operation.h"

#include <cstddef>
#include <cstdint>

namespace stepping {

// What a run tells the driver.
struct Outcome {
    std::uint64_t points;  // of the call, where it ran to its end undisturbed
    bool was_reached;
    // With nothing live: bytes that are neither free nor an arena's header.
    std::uint64_t used_undisturbed;  // where the call ran to its end
    std::uint64_t most_lost;         // beyond that, of an operation's runs
    std::uint64_t lost_bytes;        // the most that was mapped in the end, where nothing was live
    std::uint64_t trace[kMaxTrace];  // the addresses of the points
};

struct Fault {
    const char* name;
    AtPoint at_point;  // on the victim, in the signal handler
    // On the main thread while the victim stands still at the point, or is dead; null: nothing.
    void (*meanwhile)();
    // A sample, too, has all points of an operation that has no more than these.
    std::uint64_t complete_to;
    bool leaves_unfinished;  // the call, for good
};
extern const Fault kNoFault;  // counts the points
extern const Fault kProof;    // the call is proved to be made in the state that was meant
extern const Fault kFaults[];
extern const std::size_t kFaultCount;

struct Plan {
    const Operation* operation;
    const Fault* fault;
    std::uint64_t point;
    std::uint64_t seed;
};

// Ends the process: 0, or a line on descriptor 2 and 1, or a signal.
[[noreturn]] void perform(const Plan& plan, Outcome* outcome);

}  // namespace stepping

// SPDX-License-Identifier: MIT OR Apache-2.0
// Runs a function one machine instruction at a time on the calling thread, and interrupts it before
// one chosen instruction. The processor's trap flag makes the kernel send SIGTRAP after every
// instruction; its handler counts. A point is what lies before an instruction: point 0 is before
// the function's first one, and the point behind a system call is one like any other. A string
// instruction counts once, however often it traps; what a callback executes does not count.
#pragma once

#include "tests/freestanding/process.h"

#include <asm/sigcontext.h>
#include <cstddef>
#include <cstdint>

namespace stepping {

using namespace process;

using Registers = ::sigcontext;
using AtPoint = void (*)(Registers& registers);

inline constexpr std::uint64_t kNoPoint = ~std::uint64_t{0};

struct Stepper {
    std::uint64_t target = kNoPoint;  // the point to interrupt at
    AtPoint at_point = nullptr;       // runs there, in the signal handler
    std::uint64_t point = 0;          // how many points have been passed
    std::uint64_t last_addr = 0;      // of the instruction at the last point
    bool in_callback = false;
    bool was_reached = false;
    // Where not -1: the point behind the first system call of this number is the target.
    long sought_call = -1;
    std::uint64_t* trace = nullptr;  // takes the address of every point, kMaxTrace at most
    // A breakpoint instead of steps.
    unsigned char* breakpoint = nullptr;
    std::uint64_t hits_to_pass = 0;
};
inline constexpr std::size_t kMaxTrace = 65536;
// One thread at a time steps. A handler at a point that steps a second time saves and restores it.
extern Stepper g_stepper;

void install_trap_handler();

// Makes the next call() run to `point` by a breakpoint, where that is the shorter way. `trace` is
// of a call in the same state that ran to its end.
void aim(std::uint64_t point, const std::uint64_t* trace, std::uint64_t points);

// function(a, b, c, d), stepped. With `target` kNoPoint it runs to its end and counts the points.
long call(const void* function, long a = 0, long b = 0, long c = 0, long d = 0);

// For at_point: the function is left for good, as by longjmp; call() returns.
void leave_function(Registers& registers);

template <typename T>
long as_long(T* pointer) {
    return reinterpret_cast<long>(pointer);
}
template <typename Result, typename... Arguments>
const void* as_function(Result (*function)(Arguments...)) {
    return reinterpret_cast<const void*>(function);
}
template <typename Result, typename... Arguments>
const void* as_function(Result (*function)(Arguments...) noexcept) {
    return reinterpret_cast<const void*>(function);
}

}  // namespace stepping

// SPDX-License-Identifier: MIT OR Apache-2.0
// The clocks of <chrono>: clock_gettime(2), a system call of the program's own. Nothing of Emma
// asks for the time.
#include <cstdint>

#include "arch/arch.h"
#include "crt/public.h"

namespace {

constexpr long kClockGettime = 228;
constexpr long kRealtime = 0;
constexpr long kMonotonic = 1;

// In nanoseconds; both calls succeed on any Linux.
std::int64_t now(long clock) {
    struct {
        std::int64_t seconds, nanoseconds;
    } time{};
    (void)emma::arch::syscall2(kClockGettime, clock, reinterpret_cast<long>(&time));
    return time.seconds * 1000000000 + time.nanoseconds;
}

}  // namespace

// A time point is its count of nanoseconds, returned in the same register.
namespace std::chrono {
inline namespace _V2 {

struct system_clock {
    static std::int64_t now() noexcept;
};
struct steady_clock {
    static std::int64_t now() noexcept;
};

EMMA_CRT_PUBLIC std::int64_t system_clock::now() noexcept { return ::now(kRealtime); }
EMMA_CRT_PUBLIC std::int64_t steady_clock::now() noexcept { return ::now(kMonotonic); }

}  // namespace _V2
}  // namespace std::chrono

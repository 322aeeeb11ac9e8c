// SPDX-License-Identifier: MIT OR Apache-2.0
// The clocks of <chrono>, by clock_gettime.
#include <cstdint>

#include "crt/public.h"

extern "C" int clock_gettime(int clock, void* time);

namespace {

constexpr int kRealtime = 0;
constexpr int kMonotonic = 1;

// In nanoseconds; both calls succeed on any Linux.
std::int64_t now(int clock) {
    struct {
        std::int64_t seconds, nanoseconds;
    } time{};
    (void)clock_gettime(clock, &time);
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

// SPDX-License-Identifier: MIT OR Apache-2.0
// Where objects lie follows from nothing that a program shows: started again and again with the
// same addresses of stack and program, and the same arguments, it has its small and its huge
// objects elsewhere each time, and each bit of their addresses is as often 1 as 0. The same after
// requests that no address space holds.
//
// TEST-QEMU: no, because a program that it starts runs outside of it
#include "tests/freestanding/process.h"

#include <emma.h>

namespace {

constexpr unsigned kRuns = 256;
constexpr unsigned kWays = 3;
constexpr long kPipe = 9;  // the descriptor that a run tells its addresses to

// A zone is a whole number of TiB; an arena lies at a multiple of 8 MiB, a huge object of 4 MiB.
constexpr unsigned kFirstBit[kWays] = {23, 22, 22};
constexpr unsigned kEndBit = 40;

// Objects of one run: small, huge, huge after absurd requests.
struct Addresses {
    std::uint64_t of[kWays];
};

int tell_addresses() {
    Addresses addresses;
    addresses.of[0] = reinterpret_cast<std::uint64_t>(emma_malloc(100)) & ~std::uint64_t{0x3fffff};
    addresses.of[1] = reinterpret_cast<std::uint64_t>(emma_malloc(std::size_t{5} << 20));
    constexpr unsigned kShifts[] = {62, 46, 42, 41};
    for (const unsigned shift : kShifts)
        emma_free(emma_malloc(test_opaque(std::size_t{1} << shift)));
    addresses.of[2] = reinterpret_cast<std::uint64_t>(emma_malloc(std::size_t{6} << 20));
    CHECK(emma_syscall(__NR_write, kPipe, &addresses, sizeof addresses) == sizeof addresses);
    return 0;
}

void run_once(char** argv, char** envp, Addresses& addresses) {
    int ends[2];
    CHECK(emma_syscall(__NR_pipe, ends) == 0);
    const long child = process::fork_process(false);
    if (child == 0) {
        emma_syscall(__NR_dup2, long{ends[1]}, kPipe);
        emma_syscall(__NR_personality, 0x40000L);  // ADDR_NO_RANDOMIZE
        char mode[] = "tell";
        char* arguments[] = {argv[0], mode, nullptr};
        emma_syscall(__NR_execve, "/proc/self/exe", arguments, envp);
        process::end_process(1);
    }
    CHECK(emma_syscall(__NR_read, long{ends[0]}, &addresses, sizeof addresses) == sizeof addresses);
    CHECK(process::wait_for_process(child) == 0);
    for (const int end : ends) emma_syscall(__NR_close, long{end});
}

Addresses g_runs[kRuns];

void check(unsigned way) {
    unsigned equal_pairs = 0;
    for (unsigned run = 0; run < kRuns; ++run) {
        CHECK(g_runs[run].of[way] != 0);
        for (unsigned before = 0; before < run; ++before)
            equal_pairs += g_runs[run].of[way] == g_runs[before].of[way];
    }
    // Of some 900,000 places; more than 2 in one test of 10 million.
    CHECK(equal_pairs <= 2);
    for (unsigned bit = kFirstBit[way]; bit < kEndBit; ++bit) {
        unsigned ones = 0;
        for (const Addresses& run : g_runs) ones += run.of[way] >> bit & 1;
        // Half of them, give or take six standard deviations.
        const unsigned least = kRuns / 2 - 6 * 8;
        if (ones < least || ones > kRuns - least) test_report("unbalanced bit", bit);
        CHECK(ones >= least && ones <= kRuns - least);
    }
}

}  // namespace

int main(int argc, char** argv, char** envp) {
    if (argc > 1) return tell_addresses();
    for (Addresses& run : g_runs) run_once(argv, envp, run);
    for (unsigned way = 0; way < kWays; ++way) check(way);
    return 0;
}

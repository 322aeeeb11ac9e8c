// SPDX-License-Identifier: MIT OR Apache-2.0
// Emma's memory functions against the host libc's: time of ours divided by time of theirs, per
// function, size and alignment (median of interleaved rounds; below 1 is faster than the libc).
// Hosted. Compile with the flags that crt/string.cpp has in the library:
//   g++ -std=c++20 -O2 -march=x86-64 -fno-tree-loop-distribute-patterns -fno-builtin -I.
//   tests/bench/string_bench.cpp crt/string_avx2.cpp crt/string_avx512.cpp crt/cpu_features.cpp
// Prints the worst ratio last; exit status 1 if it is above the limit given as the argument.
// Under callgrind, for tests/bench/string_instructions: one call of each instead, in a dump named
// `name|size|offsets|ours` or `theirs`.
#include <valgrind/callgrind.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define EMMA_STRING_SYMBOL(name) emma_test_##name
#include "crt/string.cpp"

namespace {

using Clock = std::chrono::steady_clock;

// The operands of one call: `to` and `from` are apart or overlap, as the function allows.
struct Operands {
    unsigned char* to;
    unsigned char* from;
    std::size_t bytes;
};

using Function = void (*)(const Operands&);

struct Contest {
    const char* name;
    Function ours;
    Function theirs;
    bool overlapping;
};

template <auto kFunction>
void copy(const Operands& operands) {
    kFunction(operands.to, operands.from, operands.bytes);
}
template <auto kFunction>
void fill(const Operands& operands) {
    kFunction(operands.to, 7, operands.bytes);
}
template <auto kFunction>
void compare(const Operands& operands) {
    if (kFunction(operands.to, operands.from, operands.bytes) != 0) std::abort();
}
template <auto kFunction>
void length(const Operands& operands) {
    if (kFunction(reinterpret_cast<char*>(operands.from)) != operands.bytes) std::abort();
}
// As C declares it: C++ has two of that name.
const void* host_memchr(const void* from, int byte, std::size_t n) {
    return std::memchr(from, byte, n);
}
template <auto kFunction>
void find(const Operands& operands) {
    if (kFunction(operands.from, 0, operands.bytes + 1) != operands.from + operands.bytes)
        std::abort();
}

constexpr Contest kContests[] = {
    {"memcpy", copy<emma_test_memcpy>, copy<std::memcpy>, false},
    {"memmove up", copy<emma_test_memmove>, copy<std::memmove>, true},
    {"memset", fill<emma_test_memset>, fill<std::memset>, false},
    {"memcmp", compare<emma_test_memcmp>, compare<std::memcmp>, false},
    {"strlen", length<emma_test_strlen>, length<std::strlen>, false},
    {"memchr", find<emma_test_memchr>, find<host_memchr>, false},
};

double nanoseconds(Function function, const Operands& operands, int calls) {
    const auto start = Clock::now();
    for (int call = 0; call < calls; ++call) {
        function(operands);
        asm volatile("" : : : "memory");
    }
    return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / calls;
}

double median(std::vector<double>& values) {
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
}

struct Outcome {
    double ours;
    double theirs;
};

void count(const char* name, Function function, const Operands& operands) {
    CALLGRIND_ZERO_STATS;
    function(operands);
    CALLGRIND_DUMP_STATS_AT(name);
}

void count_both(const Contest& contest, const Operands& operands, std::size_t to,
                std::size_t from) {
    char name[96];
    for (const bool ours : {true, false}) {
        const Function function = ours ? contest.ours : contest.theirs;
        std::snprintf(name, sizeof name, "%s|%zu|+%zu+%zu|%s", contest.name, operands.bytes, to,
                      from, ours ? "ours" : "theirs");
        function(operands);
        count(name, function, operands);
    }
}

Outcome measure(const Contest& contest, const Operands& operands) {
    constexpr int kRounds = 41;
    const int calls = static_cast<int>(std::max<std::size_t>(4, 60000 / (operands.bytes / 8 + 8)));
    std::vector<double> ours, theirs;
    for (int round = 0; round < kRounds; ++round) {
        ours.push_back(nanoseconds(contest.ours, operands, calls));
        theirs.push_back(nanoseconds(contest.theirs, operands, calls));
    }
    return {median(ours), median(theirs)};
}

}  // namespace

int main(int argc, char** argv) {
    constexpr std::size_t kSizes[] = {
        1,    3,    8,    15,   16,    24,    32,    48,     64,     80,     100,
        128,  160,  192,  200,  256,   320,   384,   500,    512,    768,    1000,
        1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288, 1048576};
    struct Alignment {
        std::size_t to, from;
    };
    constexpr Alignment kAlignments[] = {{0, 0}, {5, 0}, {3, 11}};
    constexpr std::size_t kRoom = (std::size_t{1} << 20) + 8192;
    auto* memory = static_cast<unsigned char*>(std::aligned_alloc(4096, 4 * kRoom));
    double worst = 0;
    std::printf("%-11s %8s", "", "bytes");
    for (auto [to, from] : kAlignments) std::printf("  %10s to+%zu from+%zu", "", to, from);
    std::printf("   (ns ours, ns libc, ratio)\n");
    for (const Contest& contest : kContests) {
        for (const std::size_t bytes : kSizes) {
            std::printf("%-11s %8zu", contest.name, bytes);
            for (auto [to, from] : kAlignments) {
                std::memset(memory, 7, 4 * kRoom);
                unsigned char* source = memory + from;
                unsigned char* target = memory + (contest.overlapping ? 128 : 2 * kRoom) + to;
                source[bytes] = 0;  // what strlen and memchr find
                if (RUNNING_ON_VALGRIND != 0) {
                    count_both(contest, {target, source, bytes}, to, from);
                    continue;
                }
                const Outcome outcome = measure(contest, {target, source, bytes});
                const double ratio = outcome.ours / outcome.theirs;
                if (bytes >= 64) worst = std::max(worst, ratio);
                std::printf("  %9.1f %9.1f %5.2f", outcome.ours, outcome.theirs, ratio);
            }
            std::printf("\n");
        }
    }
    std::printf("worst ratio from 64 bytes on: %.2f\n", worst);
    std::free(memory);
    return argc > 1 && worst > std::atof(argv[1]) ? 1 : 0;
}

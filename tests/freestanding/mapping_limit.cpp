// SPDX-License-Identifier: MIT OR Apache-2.0
// The kernel allows a process so many mappings (vm.max_map_count), and each huge object is one. At
// that bound an allocation is null and nothing else is harmed: small objects come from the arenas
// that are there, what is freed can be had again, and every invariant holds.
//
// TEST-QEMU: no, because its user mode makes a mapping slow, and counts others too
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/test.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>

extern "C" int* __errno_location();

namespace {

constexpr std::size_t kBytes = (std::size_t{4} << 20) + 4096;  // never written
constexpr std::size_t kMost = 1 << 18;
constexpr std::size_t kLeast = 10'000;
constexpr std::size_t kSmall = 1000;

void* g_huge[kMost];
void* g_small[kSmall];

std::size_t fill(std::size_t count) {
    while (count < kMost && (g_huge[count] = emma_malloc(kBytes)) != nullptr) ++count;
    return count;
}

void use_small_objects() {
    for (std::size_t i = 0; i < kSmall; ++i) {
        CHECK((g_small[i] = emma_malloc(100)) != nullptr);
        test_fill(g_small[i], 100, i);
    }
    for (std::size_t i = 0; i < kSmall; ++i) {
        CHECK(test_verify(g_small[i], 100, i));
        emma_free(g_small[i]);
    }
}

}  // namespace

int main() {
    use_small_objects();
    std::size_t count = fill(0);
    test_report("huge objects", count);
    CHECK(count >= kLeast);
    if (count == kMost) return 0;  // the machine allows more than this test asks for
    CHECK(*__errno_location() == 12);
    use_small_objects();
    // A huge object neither grows nor moves to where there is none, and stays as it is.
    void* const grown = emma_realloc(g_huge[0], 3 * kBytes);
    if (grown != nullptr) g_huge[0] = grown;
    CHECK(emma_malloc_usable_size(g_huge[0]) >= kBytes);
    test_check_all();
    for (std::size_t i = 1; i < count; i += 2) {
        emma_free(g_huge[i]);
        g_huge[i] = nullptr;
    }
    for (std::size_t i = 1; i < count; i += 2) CHECK((g_huge[i] = emma_malloc(kBytes)) != nullptr);
    while (count != 0) emma_free(g_huge[--count]);
    emma_trim();
    test_check_all();
    struct emma_stats stats;
    emma_stats(&stats);
    test_report("mapped at the end, KiB", stats.mapped_bytes >> 10);
    CHECK(stats.mapped_bytes < std::size_t{64} << 20);
    return 0;
}

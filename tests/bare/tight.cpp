// SPDX-License-Identifier: MIT OR Apache-2.0
// A pool of 8 MiB that holds all the memory there is, after a peak, in a program that then goes on
// with little: no allocation fails while memory is free, also not one that an interrupt makes in
// the middle of a purge. NO_PURGE: the program has no emma_bare_purge, and nothing is purged.
#define HOST_HAS_PAGES
#include "host.h"

namespace {

constexpr std::size_t kPoolBytes = 8u << 20;
constexpr std::size_t kPages = kPoolBytes / 4096;
alignas(4u << 20) unsigned char g_pool[kPoolBytes];
bool g_used[kPages];
long g_purges, g_failed;  // allocations in a purge

bool is_free(std::size_t first, std::size_t count) {
    for (std::size_t page = first; page < first + count; ++page)
        if (g_used[page]) return false;
    return true;
}

void make_peak() {
    static void* objects[200];
    unsigned count = 0;
    while (count < 200 && (objects[count] = emma_malloc(60000)) != nullptr) ++count;
    CHECK(count > 68);  // more than 4 MiB, of which it takes to purge at all
    while (count != 0) emma_free(objects[--count]);
}

}  // namespace

void* emma_bare_map(size_t bytes, size_t alignment) noexcept {
    const std::size_t count = bytes / 4096;
    for (std::size_t first = 0; first + count <= kPages; first += alignment / 4096) {
        if (!is_free(first, count)) continue;
        std::memset(g_used + first, 1, count);
        std::memset(g_pool + first * 4096, 0, bytes);
        return g_pool + first * 4096;
    }
    return nullptr;
}
bool emma_bare_unmap(void* pages, size_t bytes) noexcept {
    std::memset(g_used + (static_cast<unsigned char*>(pages) - g_pool) / 4096, 0, bytes / 4096);
    return true;
}

#if !defined(NO_PURGE)
// Objects of all kinds, the largest a run of 1 MiB.
static void handle_interrupt() {
    for (const std::size_t bytes : {100u, 5000u, 30000u, 100000u, 300000u, 1000000u}) {
        void* const object = emma_malloc(bytes);
        g_failed += object == nullptr;
        emma_free(object);
    }
}

bool emma_bare_purge(void* pages, size_t bytes) noexcept {
    ++g_purges;
    handle_interrupt();
    std::memset(pages, 0, bytes);
    return true;
}
#endif

#if defined(SLOT_FUNCTION)
static void* g_slot;
void** emma_bare_heap_slot() noexcept { return &g_slot; }
#endif

int main() {
#if defined(SLOT_GS)
    static unsigned char block[64];
    CHECK(syscall(SYS_arch_prctl, 0x1001, block) == 0);  // ARCH_SET_GS
#endif
    alarm(100);
    make_peak();
    struct emma_stats stats;
    emma_stats(&stats);
    const std::size_t calls = stats.system_calls;
    for (int round = 0; round < 2000; ++round) {
        void* const object = emma_malloc(1000000);
        CHECK(object != nullptr);
        emma_free(object);
    }
    emma_stats(&stats);
    std::printf("tight: %ld purges, %ld allocations in them failed\n", g_purges, g_failed);
    CHECK(g_failed == 0);
#if defined(NO_PURGE)
    CHECK(stats.system_calls == calls);
#else
    CHECK(g_purges > 2);
    CHECK(stats.system_calls >= calls + static_cast<std::size_t>(g_purges));
#endif
    CHECK(emma_check(print_finding, nullptr) == 0);
    return 0;
}

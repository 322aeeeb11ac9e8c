// SPDX-License-Identifier: MIT OR Apache-2.0
// Pools of little memory at any address, as small machines have: at least nine tenths of a MiB or
// more can hold objects, whether the program gives the lowest place or the highest one, or has
// emma_bare_map_at (WITH_MAP_AT, see small_pool_at.cpp); what lies in them is served by all
// functions; and nothing outside of the pool is read.
#include <emma_bare.h>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            _exit(1);                                                                    \
        }                                                                                \
    } while (false)

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kWindow = std::size_t{4} << 20;

unsigned char* g_pool;
std::size_t g_pages;
bool g_from_top;
unsigned char g_used[16384];
[[maybe_unused]] struct {
    std::uintptr_t before;
    void* heap;
} g_block;

// The only memory that can be touched from 16 MiB before the pool to 16 MiB behind it.
void make_pool(std::size_t bytes, std::size_t offset) {
    auto* const all =
        static_cast<unsigned char*>(mmap(nullptr, bytes + 10 * kWindow, PROT_NONE,
                                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    CHECK(all != MAP_FAILED);
    const auto addr = (reinterpret_cast<std::uintptr_t>(all) + 5 * kWindow) & ~(kWindow - 1);
    g_pool = reinterpret_cast<unsigned char*>(addr + offset);
    g_pages = bytes / kPage;
    CHECK(g_pages <= sizeof g_used);
    CHECK(mprotect(g_pool, bytes, PROT_READ | PROT_WRITE) == 0);
}

bool are_free(std::size_t first, std::size_t count) {
    if (first > g_pages || count > g_pages - first) return false;
    for (std::size_t page = first; page < first + count; ++page)
        if (g_used[page] != 0) return false;
    return true;
}
void* take(std::size_t first, std::size_t count) {
    std::memset(g_used + first, 1, count);
    return std::memset(g_pool + first * kPage, 0, count * kPage);
}
std::size_t page_of(const void* pages) {
    return static_cast<std::size_t>(static_cast<const unsigned char*>(pages) - g_pool) / kPage;
}
std::size_t used_pages() {
    std::size_t count = 0;
    for (std::size_t page = 0; page < g_pages; ++page) count += g_used[page];
    return count;
}

}  // namespace

void* emma_bare_map(size_t bytes, size_t alignment) noexcept {
    for (std::size_t i = 0; i < g_pages; ++i) {
        const std::size_t page = g_from_top ? g_pages - 1 - i : i;
        const auto addr = reinterpret_cast<std::uintptr_t>(g_pool + page * kPage);
        if ((addr & (alignment - 1)) == 0 && are_free(page, bytes / kPage))
            return take(page, bytes / kPage);
    }
    return nullptr;
}
bool emma_bare_unmap(void* pages, size_t bytes) noexcept {
    CHECK(page_of(pages) + bytes / kPage <= g_pages);
    for (std::size_t page = 0; page < bytes / kPage; ++page) CHECK(g_used[page_of(pages) + page]);
    std::memset(g_used + page_of(pages), 0, bytes / kPage);
    return true;
}
#if defined(WITH_MAP_AT)
bool emma_bare_map_at(void* pages, size_t bytes) noexcept {
    if (!are_free(page_of(pages), bytes / kPage)) return false;
    take(page_of(pages), bytes / kPage);
    return true;
}
#endif
void emma_bare_panic(const emma_panic* panic) noexcept {
    std::fprintf(stderr, "%s\n", panic->message);
    abort();
}
#if defined(SLOT_FUNCTION)
void** emma_bare_heap_slot() noexcept { return &g_block.heap; }
#endif

namespace {

void print_finding(void*, const char* text, std::size_t length) { (void)!write(2, text, length); }

bool count_objects(void* context, void*, std::size_t) {
    ++*static_cast<std::size_t*>(context);
    return true;
}

constexpr std::size_t kMost = 400000;
unsigned char* g_objects[kMost];
std::size_t g_sizes[kMost];

// Fills the pool with objects of `least` to `most` bytes; how many.
std::size_t fill(std::size_t least, std::size_t most) {
    std::size_t count = 0;
    for (;; ++count) {
        CHECK(count < kMost);
        g_sizes[count] = least + count * 7919 % (most - least + 1);
        g_objects[count] = static_cast<unsigned char*>(emma_calloc(1, g_sizes[count]));
        if (g_objects[count] == nullptr) return count;
        CHECK(g_objects[count][0] == 0 && g_objects[count][g_sizes[count] - 1] == 0);
        std::memset(g_objects[count], static_cast<int>(count), g_sizes[count]);
    }
}

void check_figures(std::size_t count) {
    struct emma_stats stats;
    emma_stats(&stats);
    CHECK(stats.live_objects == count);
    CHECK(stats.mapped_bytes <= used_pages() * kPage);
    std::size_t walked = 0;
    CHECK(emma_walk(count_objects, &walked) == 0 && walked == count);
    CHECK(emma_check(print_finding, nullptr) == 0);
}

void free_all(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        CHECK(emma_owns(g_objects[i]) && !emma_owns(g_objects[i] + 1));
        CHECK(emma_malloc_usable_size(g_objects[i]) >= g_sizes[i]);
        CHECK(g_objects[i][g_sizes[i] - 1] == static_cast<unsigned char>(i));
        emma_free(g_objects[i]);
    }
}

// Nine tenths, and everything goes back but lists, tables and heaps.
void test_pool(std::size_t bytes) {
    std::size_t count = fill(100, 100);
    // From the top nothing is behind what there is: two tails of an arena are lost.
    const std::size_t lost = g_from_top ? std::size_t{512} << 10 : 0;
    if (bytes >= (std::size_t{1} << 20) && count * 112 + lost < bytes / 10 * 9) {
        std::fprintf(stderr, "%zu of %zu KiB\n", count * 112 / 1024, bytes / 1024);
        _exit(2);
    }
    check_figures(count);
    free_all(count);
    (void)emma_trim();
    check_figures(0);
    CHECK(used_pages() <= 40);
    count = fill(1, 3000);
    CHECK(count > bytes / (g_from_top ? 6000 : 3000));
    check_figures(count);
    // Room for some to grow.
    for (std::size_t i = 0; i < count / 2; ++i) emma_free(g_objects[i]);
    std::size_t grown = 0;
    for (std::size_t i = count / 2; i < count; i += 16) {
        auto* const larger = static_cast<unsigned char*>(emma_realloc(g_objects[i], 5000));
        if (larger == nullptr) continue;
        ++grown;
        CHECK(larger[0] == static_cast<unsigned char>(i));
        CHECK(larger[g_sizes[i] - 1] == static_cast<unsigned char>(i));
        g_objects[i] = static_cast<unsigned char*>(emma_realloc(larger, g_sizes[i]));
        CHECK(g_objects[i] != nullptr);
    }
    CHECK(grown > 0);
    for (std::size_t i = count / 2; i < count; ++i) emma_free(g_objects[i]);
    (void)emma_trim();
    void* const large = emma_aligned_alloc(kPage, bytes / 4);
    CHECK(large != nullptr);
    emma_free(large);
    (void)emma_trim();
    check_figures(0);
    CHECK(used_pages() <= 40);
}

void run(std::size_t kib, std::size_t offset_kib, bool from_top) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(60);
#if defined(SLOT_GS)
        CHECK(syscall(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, &g_block) == 0);
#endif
        g_from_top = from_top;
        make_pool(kib << 10, offset_kib << 10);
        test_pool(kib << 10);
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    if (status == 0) return;
    std::fprintf(stderr, "%zu KiB at %zu KiB, from the %s: status %x\n", kib, offset_kib,
                 from_top ? "top" : "bottom", static_cast<unsigned>(status));
    _exit(1);
}

}  // namespace

int main() {
    for (const std::size_t kib : {256, 1024, 1100, 3000, 4096, 8192})
        for (const std::size_t offset_kib : {0, 4, 1000, 3000}) run(kib, offset_kib, false);
    for (const std::size_t kib : {1024, 5000})
        for (const std::size_t offset_kib : {0, 2052}) run(kib, offset_kib, true);
    std::puts("small_pool: passed");
    return 0;
}

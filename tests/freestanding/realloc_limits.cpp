// SPDX-License-Identifier: MIT OR Apache-2.0
// A huge object that cannot grow where it is moves, and needs only what it grows by: under
// RLIMIT_AS, and in a heap with a limit. With a page less it stays as it is.
//
// TEST-ARGS: all
// TEST-QEMU: heaps
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/process.h"
#include "tests/freestanding/status.h"

#include <emma.h>
#include <cstddef>
#include <cstdint>

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20, kPage = 4096;

struct Case {
    std::size_t before, after;
};
constexpr Case kCases[] = {{5 * kMiB, 6 * kMiB},
                           {8 * kMiB, 8 * kMiB + kPage},
                           {16 * kMiB, 400 * kMiB},
                           {400 * kMiB, 700 * kMiB},
                           {900 * kMiB - kPage, 900 * kMiB}};

// PROT_NONE; MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE
void map_foreign_page(std::uintptr_t addr) {
    CHECK(emma_syscall(__NR_mmap, addr, long{kPage}, 0L, 0x100022L, -1L, 0L) == long(addr));
}
void unmap_foreign_page(std::uintptr_t addr) {
    CHECK(emma_syscall(__NR_munmap, addr, long{kPage}) == 0);
}

void mark(unsigned char* object, std::size_t bytes) {
    object[0] = 5;
    object[bytes / 2] = 6;
    object[bytes - 1] = 7;
}
void check_marks(const unsigned char* object, std::size_t bytes) {
    CHECK(object[0] == 5 && object[bytes / 2] == 6 && object[bytes - 1] == 7);
}

std::size_t address_space() { return test_status_kib("VmSize:") * 1024; }

// ---- RLIMIT_AS ---------------------------------------------------------------------------------

// `foreign_count` pages lie where the object would grow to, and where the allocator maps next. With
// `cached` another object was freed before, which may still be mapped: it goes when it is missing.
void test_address_space(const Case& sizes, unsigned foreign_count, bool cached) {
    const std::size_t start = address_space();
    void* const other = cached ? emma_malloc(7 * kMiB) : nullptr;
    auto* const object = static_cast<unsigned char*>(emma_malloc(sizes.before));
    CHECK(object != nullptr);
    mark(object, sizes.before);
    const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(object) + sizes.before;
    const std::uintptr_t next = (end + 4 * kMiB - 1) / (4 * kMiB) * (4 * kMiB);
    map_foreign_page(end);
    std::size_t foreign = kPage;
    if (foreign_count == 2) {
        if (next != end) map_foreign_page(next), foreign += kPage;
    }
    emma_free(other);
    const std::size_t needed = start + sizes.after + foreign;

    struct emma_stats before, now;
    emma_stats(&before);
    process::set_address_space_limit(needed - kPage);
    CHECK(emma_realloc(object, sizes.after) == nullptr);
    check_marks(object, sizes.before);
    CHECK(emma_malloc_usable_size(object) == sizes.before);
    CHECK(address_space() <= start + sizes.before + foreign);

    process::set_address_space_limit(needed);
    auto* const moved = static_cast<unsigned char*>(emma_realloc(object, sizes.after));
    CHECK(moved != nullptr && moved != object);
    check_marks(moved, sizes.before);
    CHECK(moved[sizes.after - 1] == (sizes.after == sizes.before ? 7 : 0));
    mark(moved, sizes.after);
    CHECK(address_space() == needed);
    emma_stats(&now);
    const std::size_t most =
        now.mapped_bytes > before.mapped_peak_bytes ? now.mapped_bytes : before.mapped_peak_bytes;
    CHECK(now.mapped_peak_bytes == most);

    process::set_address_space_limit(~std::uint64_t{0});
    unmap_foreign_page(end);
    if (foreign != kPage) unmap_foreign_page(next);
    check_marks(moved, sizes.after);
    emma_free(moved);
    emma_trim();
    CHECK(address_space() == start);
    test_check_all();
}

// ---- a heap with a limit -----------------------------------------------------------------------

// The largest size that the object reaches by growing in place, or by moving once.
std::size_t grow_at_limit(bool moves) {
    struct emma_heap_options options = {};
    options.limit_bytes = 64 * kMiB;
    emma_heap* const heap = emma_heap_create(&options);
    CHECK(heap != nullptr);
    constexpr std::size_t kFirst = 40 * kMiB;
    auto* object = static_cast<unsigned char*>(emma_heap_alloc(heap, kFirst, 16));
    CHECK(object != nullptr);
    mark(object, kFirst);
    const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(object) + kFirst;
    if (moves) map_foreign_page(end);
    std::size_t size = options.limit_bytes;
    unsigned char* grown = nullptr;
    for (; grown == nullptr && size > kFirst; size -= kPage) {
        grown = static_cast<unsigned char*>(emma_heap_resize(heap, object, 16, size));
        check_marks(grown == nullptr ? object : grown, kFirst);
    }
    CHECK(grown != nullptr && (grown != object) == moves);
    struct emma_stats stats;
    emma_heap_stats(heap, &stats);
    CHECK(stats.mapped_bytes <= options.limit_bytes);
    CHECK(stats.mapped_peak_bytes == stats.mapped_bytes);
    // What it gives up by shrinking can be had again.
    CHECK(emma_heap_resize(heap, grown, 16, kFirst) == grown);
    void* const rest = emma_heap_alloc(heap, size + kPage - kFirst, 16);
    CHECK(rest != nullptr);
    if (moves) unmap_foreign_page(end);
    emma_heap_destroy(heap);
    return size;
}

}  // namespace

int main(int, char** argv, char**) {
    CHECK(grow_at_limit(true) == grow_at_limit(false));
    if (argv[1][0] == 'h') return 0;
    CHECK(emma_malloc(100) != nullptr);  // so that its arena stays
    for (const Case& sizes : kCases) {
        test_address_space(sizes, 1, false);
        test_address_space(sizes, 1, true);
        test_address_space(sizes, 2, false);
        test_address_space(sizes, 2, true);
    }
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Sentences of the public headers that no other test tries: what emma_alloc says of an alignment
// that is none, a limit on a region, what the statistics and a panic's report count. TEST-FLAGS:
// -Wno-alloc-size-larger-than
#include "tests/freestanding/crt_child.h"

#include <emma.h>
#include <errno.h>

static unsigned char region[1 << 20];

static void check_alignments(void) {
    const size_t bad[] = {0, 3, 24, (size_t)-1};
    void* object = emma_alloc(10, 16);
    for (size_t index = 0; index < sizeof bad / sizeof bad[0]; index++) {
        const size_t alignment = test_opaque(bad[index]);
        errno = 0;
        CHECK(emma_alloc(10, alignment) == 0 && errno == EINVAL);
        errno = 0;
        CHECK(emma_alloc_zeroed(10, alignment) == 0 && errno == EINVAL);
        errno = 0;
        CHECK(emma_resize(object, 10, alignment, 100000) == 0 && errno == EINVAL);
    }
    void* nothing = emma_alloc(test_opaque(0), 64);
    CHECK(nothing != 0 && (uintptr_t)nothing % 64 == 0);
    emma_dealloc(nothing, 0, 64);
    emma_dealloc(object, 10, 16);
    errno = 0;
    CHECK(emma_alloc(test_opaque((size_t)-1 / 2 + 1), 16) == 0 && errno == ENOMEM);
}

static void check_limited_region(void) {
    struct emma_heap_options options = {0};
    options.region = region;
    options.region_bytes = sizeof region;
    options.limit_bytes = EMMA_HEAP_LEAST_LIMIT;
    emma_heap* heap = emma_heap_create(&options);
    CHECK(heap != 0);
    size_t bytes = 0;
    while (emma_heap_alloc(heap, 1000, 16) != 0) bytes += 1000;
    CHECK(bytes > EMMA_HEAP_LEAST_LIMIT / 2 && bytes <= EMMA_HEAP_LEAST_LIMIT);
    emma_heap_destroy(heap);
}

static void check_statistics(void) {
    struct emma_stats before, after;
    emma_free(emma_malloc(1));
    emma_stats(&before);
    CHECK(emma_reserve(1 << 20) == 0);
    emma_stats(&after);
    CHECK(after.idle_bytes >= 1 << 20 && after.mapped_bytes < before.mapped_bytes + (1 << 20));
}

static size_t expected_class;
static void expect_class(const struct emma_panic* panic) {
    test_exit(panic->size_class == expected_class ? 0 : 1);
}
static void free_twice(size_t bytes) {
    emma_set_panic_handler(expect_class);
    void* object = test_opaque_pointer(emma_malloc(bytes));
    emma_free(object);
    emma_free(test_opaque_pointer(object));
}
static void free_small_twice(void) { expected_class = 112, free_twice(100); }
static void free_huge_twice(void) { expected_class = 0, free_twice(9 << 20); }

int main(void) {
    check_alignments();
    check_limited_region();
    CHECK(run_child(free_small_twice).value == 0);
    CHECK(run_child(free_huge_twice).value == 0);
    CHECK(emma_version()[0] == EMMA_VERSION_TEXT[0]);
    CHECK(EMMA_VERSION / 10000 == EMMA_VERSION_TEXT[0] - '0');
    check_statistics();
    return 0;
}

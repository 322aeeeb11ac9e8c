/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The corner cases of the C interface: the standard names and the emma_ names behave alike, as C23
 * says. Built with TEST_HOST_LIBC, what is portable of it runs against the host's allocator.
 */
// TEST-FLAGS: -fno-builtin
#include "test.h"

#ifdef TEST_HOST_LIBC
#include <errno.h>
#include <malloc.h>
#include <string.h>
#define PORTABLE_ONLY 1
#else
#define PORTABLE_ONLY 0
#include <emma.h>
void* malloc(size_t);
void* calloc(size_t, size_t);
void* realloc(void*, size_t);
void* reallocarray(void*, size_t, size_t);
void free(void*);
void free_sized(void*, size_t);
void free_aligned_sized(void*, size_t, size_t);
void* aligned_alloc(size_t, size_t);
void* memalign(size_t, size_t);
int posix_memalign(void**, size_t, size_t);
size_t malloc_usable_size(const void*);
void* memset(void*, int, size_t);
int* __errno_location(void);
#define errno (*__errno_location())
#define EINVAL 22
#define ENOMEM 12
#endif

struct family {
    void* (*malloc)(size_t);
    void* (*calloc)(size_t, size_t);
    void* (*realloc)(void*, size_t);
    void* (*reallocarray)(void*, size_t, size_t);
    void (*free)(void*);
    void* (*aligned_alloc)(size_t, size_t);
    void* (*memalign)(size_t, size_t);
    int (*posix_memalign)(void**, size_t, size_t);
#ifndef TEST_HOST_LIBC
    size_t (*usable)(const void*);
    void (*free_sized)(void*, size_t);
    void (*free_aligned_sized)(void*, size_t, size_t);
#else
    size_t (*usable)(void*);
#endif
};

static size_t huge(size_t less) { return test_opaque(SIZE_MAX - less); }
static int aligned(const void* object, size_t alignment) {
    return ((uintptr_t)object & (alignment - 1)) == 0;
}

static void sizes(const struct family* f) {
    /* Size 0: distinct objects that can be freed. */
    void *first = f->malloc(0), *second = f->malloc(0);
    CHECK(first && second && first != second);
    f->free(first);
    f->free(second);
    f->free(NULL);

    /* Every size has room, is aligned to 16, and its neighbours keep their contents. */
    static unsigned char* objects[600];
    static size_t wanted[600];
    size_t count = 0;
    for (size_t size = 0; size < 300; size++) wanted[count++] = size;
    for (size_t size = 300; count < 600 && size < 3000000; size += size / 16 + 1)
        wanted[count++] = size;
    for (size_t i = 0; i < count; i++) {
        objects[i] = f->malloc(wanted[i]);
        CHECK(objects[i] && aligned(objects[i], 16));
        CHECK(f->usable(objects[i]) >= wanted[i]);
        test_fill(objects[i], f->usable(objects[i]), i);
    }
    for (size_t i = 0; i < count; i++) {
        CHECK(test_verify(objects[i], f->usable(objects[i]), i));
        f->free(objects[i]);
    }
    CHECK(f->usable(NULL) == 0);

    /* Sizes that no object can have. */
    for (size_t less = 0; less < 5000; less += 7) {
        errno = 0;
        CHECK(!f->malloc(huge(less)));
        CHECK(errno == ENOMEM);
    }
    errno = 0;
    CHECK(!f->malloc((size_t)PTRDIFF_MAX + 1));
    CHECK(errno == ENOMEM);
    errno = 0;
    CHECK(!f->malloc(test_opaque((size_t)1 << 62)));
    CHECK(errno == ENOMEM);
}

static void callocs(const struct family* f) {
    /* Zero also where dirty memory is used again, in every magnitude. */
    for (size_t size = 1; size < 9000000; size = size * 3 / 2 + 1) {
        for (int round = 0; round < 3; round++) {
            unsigned char* dirty = f->malloc(size);
            CHECK(dirty);
            memset(dirty, 0xa5, size);
            f->free(dirty);
            unsigned char* object = f->calloc(round == 1 ? 1 : size, round == 1 ? size : 1);
            CHECK(object && test_is_zero(object, size));
            memset(object, 0x5a, size);
            f->free(object);
        }
    }
    void *none = f->calloc(0, 5), *nothing = f->calloc(5, 0);
    CHECK(none && nothing && none != nothing);
    f->free(none);
    f->free(nothing);
    static const size_t factors[][2] = {{SIZE_MAX, 2},         {2, SIZE_MAX},
                                        {SIZE_MAX / 2 + 1, 2}, {(size_t)1 << 32, (size_t)1 << 32},
                                        {SIZE_MAX, SIZE_MAX},  {SIZE_MAX / 3, 4}};
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
        errno = 0;
        CHECK(!f->calloc(test_opaque(factors[i][0]), test_opaque(factors[i][1])));
        CHECK(errno == ENOMEM);
        void* kept = f->malloc(100);
        test_fill(kept, 100, i);
        errno = 0;
        CHECK(!f->reallocarray(kept, test_opaque(factors[i][0]), test_opaque(factors[i][1])));
        CHECK(errno == ENOMEM);
        CHECK(test_verify(kept, 100, i));
        f->free(kept);
    }
}

static void reallocs(const struct family* f) {
    unsigned char* object = f->realloc(NULL, 40);
    CHECK(object);
    /* Up and down over every kind of object, contents kept. */
    static const size_t steps[] = {
        40,      41,      48,      49,    500,     4096,    4097, 65536, 70000, 300000, 299999,
        2000000, 2097153, 9000000, 20000, 9000001, 5000000, 64,   1,     17,    100000, 16};
    size_t size = 40;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        test_fill(object, size, i);
        size_t kept = size < steps[i] ? size : steps[i];
        object = f->realloc(object, steps[i]);
        CHECK(object && aligned(object, 16) && f->usable(object) >= steps[i]);
        CHECK(test_verify_part(object, size, kept, i));
        size = steps[i];
    }
    /* A resize that cannot be leaves the object as it was. */
    test_fill(object, size, 77);
    errno = 0;
    CHECK(!f->realloc(object, huge(100)));
    CHECK(errno == ENOMEM && test_verify(object, size, 77));
    object = f->reallocarray(object, 100, 10);
    CHECK(object && test_verify(object, 16, 77));
    f->free(object);
    object = f->reallocarray(NULL, 3, 7);
    CHECK(object);
    f->free(object);
    if (PORTABLE_ONLY) return;
    /* To size 0: an object of the least size, not null. */
    object = f->realloc(f->malloc(1000), 0);
    CHECK(object);
    f->free(object);
    object = f->realloc(NULL, 0);
    CHECK(object);
    f->free(object);
}

static void alignments(const struct family* f) {
    static const size_t sizes[] = {0, 1, 8, 100, 4095, 4096, 60000, 1000000, 5000000};
    for (size_t alignment = 1; alignment <= (size_t)1 << 30; alignment *= 2) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            size_t size = sizes[i];
            unsigned char* object = f->aligned_alloc(alignment, size);
            CHECK(object && aligned(object, alignment) && f->usable(object) >= size);
            test_fill(object, size, alignment);
            unsigned char* other = f->memalign(alignment, size);
            CHECK(other && aligned(other, alignment) && other != object);
            test_fill(other, size, alignment + 1);
            CHECK(test_verify(object, size, alignment));
            f->free(object);
            /* A resize keeps the contents of an aligned object too. */
            other = f->realloc(other, size + size / 2 + 1);
            CHECK(other && test_verify_part(other, size, size, alignment + 1));
            f->free(other);
            if (alignment < sizeof(void*)) continue;
            void* result = NULL;
            CHECK(f->posix_memalign(&result, alignment, size) == 0);
            CHECK(result && aligned(result, alignment));
            f->free(result);
        }
    }
    void* untouched = &untouched;
    CHECK(f->posix_memalign(&untouched, test_opaque(3), 8) == EINVAL && untouched == &untouched);
    CHECK(f->posix_memalign(&untouched, test_opaque(0), 8) == EINVAL && untouched == &untouched);
    CHECK(f->posix_memalign(&untouched, test_opaque(4), 8) == EINVAL && untouched == &untouched);
    CHECK(f->posix_memalign(&untouched, 64, huge(9)) == ENOMEM && untouched == &untouched);
    errno = 0;
    CHECK(!f->aligned_alloc(64, huge(10)));
    CHECK(errno == ENOMEM);
    if (PORTABLE_ONLY) return;
    /* No power of two (C23), or one that no address space has. */
    static const size_t refused[] = {0, 3, 5, 6, 7, 24, 48, 100, 65537, SIZE_MAX, SIZE_MAX - 1};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        errno = 0;
        CHECK(!f->aligned_alloc(test_opaque(refused[i]), 64));
        CHECK(errno == EINVAL);
        errno = 0;
        CHECK(!f->memalign(test_opaque(refused[i]), 64));
        CHECK(errno == EINVAL);
    }
    for (size_t alignment = (size_t)1 << 48; alignment; alignment *= 2) {
        errno = 0;
        CHECK(!f->aligned_alloc(test_opaque(alignment), 64));
        CHECK(errno == ENOMEM);
        CHECK(f->posix_memalign(&untouched, alignment, 64) == ENOMEM && untouched == &untouched);
    }
}

static void free_keeps_errno(const struct family* f) {
    static const size_t sizes[] = {1, 5000, 100000, 3000000, 40000000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void* object = f->malloc(sizes[i]);
        errno = 4711;
        f->free(object);
        CHECK(errno == 4711);
    }
}

#ifndef TEST_HOST_LIBC
static void sized_frees(const struct family* f) {
    for (size_t size = 0; size < 6000000; size = size * 2 + 1) {
        f->free_sized(f->malloc(size), size);
        f->free_sized(f->calloc(1, size), size);
        f->free_sized(f->realloc(f->malloc(12), size), size);
        for (size_t alignment = 1; alignment <= 1 << 22; alignment *= 8)
            f->free_aligned_sized(f->aligned_alloc(alignment, size), alignment, size);
    }
    f->free_sized(NULL, 0);
    f->free_sized(NULL, 10);
    f->free_aligned_sized(NULL, 64, 10);
}

static void sized_interface(void) {
    for (size_t alignment = 1; alignment <= 1 << 23; alignment *= 4) {
        for (size_t size = 1; size < 5000000; size = size * 3 + 5) {
            void* object = emma_alloc(size, alignment);
            CHECK(object && aligned(object, alignment));
            test_fill(object, size, size);
            object = emma_resize(object, size, alignment, size * 2);
            CHECK(object && aligned(object, alignment));
            CHECK(test_verify_part(object, size, size, size));
            object = emma_resize(object, size * 2, alignment, size / 3);
            CHECK(object && aligned(object, alignment));
            CHECK(test_verify_part(object, size, size / 3, size));
            emma_dealloc(object, size / 3, alignment);
            object = emma_alloc_zeroed(size, alignment);
            CHECK(object && aligned(object, alignment) && test_is_zero(object, size));
            test_fill(object, size, 3);
            emma_free(object);
        }
    }
    CHECK(!emma_alloc(huge(3), 16));
    CHECK(!emma_alloc_zeroed(huge(3), 4096));
    void* kept = emma_alloc(50, 64);
    test_fill(kept, 50, 5);
    CHECK(!emma_resize(kept, 50, 64, huge(70)));
    CHECK(test_verify(kept, 50, 5));
    emma_dealloc(kept, 50, 64);
    emma_dealloc(NULL, 0, 1);
}

static void control(void) {
    struct emma_stats before, during, after;
    emma_stats(&before);
    unsigned char *small = emma_malloc(100), *run = emma_malloc(500000),
                  *large = emma_malloc(9000000);
    emma_stats(&during);
    CHECK(during.live_objects == before.live_objects + 3);
    CHECK(during.live_bytes >= before.live_bytes + 100 + 500000 + 9000000);
    CHECK(during.huge_objects == before.huge_objects + 1);
    CHECK(during.mapped_bytes >= during.live_bytes);
    CHECK(emma_owns(small) && emma_owns(run) && emma_owns(large));
    CHECK(!emma_owns(small + 1) && !emma_owns(run + 4096) && !emma_owns(large + 65536));
    CHECK(!emma_owns(NULL) && !emma_owns(&before) && !emma_owns((void*)16));
    CHECK(!emma_owns((void*)~(uintptr_t)0) && !emma_owns((void*)((uintptr_t)1 << 63)));
    /* The standard names hand out objects of the same instance. */
    void* standard = malloc(10);
    CHECK(emma_owns(standard));
    emma_free(standard);
    emma_free(small);
    emma_free(run);
    emma_free(large);
    emma_stats(&after);
    CHECK(after.live_objects == before.live_objects && after.live_bytes == before.live_bytes);
    CHECK(!emma_owns(small) && !emma_owns(run) && !emma_owns(large));
    CHECK(emma_version() && emma_version()[0] >= '0' && emma_version()[0] <= '9');
    CHECK(emma_thread_attach() == 0);
    void* across = emma_malloc(64);
    emma_thread_detach();
    emma_free(across);
    CHECK(emma_thread_attach() == 0);
}
#endif

static void run(const struct family* f) {
    sizes(f);
    callocs(f);
    reallocs(f);
    alignments(f);
    free_keeps_errno(f);
#ifndef TEST_HOST_LIBC
    sized_frees(f);
#endif
}

int main(void) {
    static const struct family standard = {
        .malloc = malloc,
        .calloc = calloc,
        .realloc = realloc,
        .reallocarray = reallocarray,
        .free = free,
        .aligned_alloc = aligned_alloc,
        .memalign = memalign,
        .posix_memalign = posix_memalign,
        .usable = malloc_usable_size,
#ifndef TEST_HOST_LIBC
        .free_sized = free_sized,
        .free_aligned_sized = free_aligned_sized,
#endif
    };
    run(&standard);
#ifndef TEST_HOST_LIBC
    static const struct family prefixed = {
        .malloc = emma_malloc,
        .calloc = emma_calloc,
        .realloc = emma_realloc,
        .reallocarray = emma_reallocarray,
        .free = emma_free,
        .aligned_alloc = emma_aligned_alloc,
        .memalign = emma_memalign,
        .posix_memalign = emma_posix_memalign,
        .usable = emma_malloc_usable_size,
        .free_sized = emma_free_sized,
        .free_aligned_sized = emma_free_aligned_sized,
    };
    run(&prefixed);
    sized_interface();
    control();
#endif
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Every function that allocates, resizes or ends an object, each with what must hold after it.
#pragma once

#include "heaps.h"

// More than this may be refused by any heap, as no machine need have it; this much and more must
// be.
static const size_t kMayBeRefused = (size_t)1 << 33, kMustBeRefused = (size_t)1 << 47;

static void check_null(unsigned heap, size_t bytes, size_t alignment, int error) {
    const bool is_bad = !is_power_of_two(alignment);
    if (errno != error) fail("null and errno %d for %zu bytes at %zu", errno, bytes, alignment);
    if (is_bad || bytes >= kMayBeRefused || alignment >= kMayBeRefused || may_refuse(heap)) return;
    fail("null for %zu bytes at %zu of heap %u", bytes, alignment, heap);
}

static size_t usable_of(unsigned heap, const void* start) {
    return heap == 0 ? emma_malloc_usable_size(start)
                     : emma_heap_usable_size(g_heaps[heap].heap, start);
}
static bool owns(unsigned heap, const void* start) {
    return heap == 0 ? emma_owns(start) : emma_heap_owns(g_heaps[heap].heap, start);
}

static void check_place(const struct object* o) {
    const size_t least = o->bytes >= 16 || o->origin == kMalloc ? 16 : 1;
    const size_t alignment = o->alignment > least ? o->alignment : least;
    if ((uintptr_t)o->start % alignment != 0)
        fail("%p for %zu bytes is not at a multiple of %zu", (void*)o->start, o->bytes, alignment);
    if (o->usable < o->bytes)
        fail("%p for %zu bytes has %zu usable ones", (void*)o->start, o->bytes, o->usable);
    if (!owns(o->heap, o->start)) fail("%p is not owned", (void*)o->start);
    const struct heap* h = &g_heaps[o->heap];
    if (o->heap != 0 && (h->kind == kRegion || h->kind == kShared) &&
        (o->start < h->region || o->start + o->usable > h->region + h->region_bytes))
        fail("%p of %zu bytes lies outside of its region", (void*)o->start, o->usable);
    if (is_quiet()) verify_overlaps(o);
}

// What an allocation has given comes into a slot that is empty.
static void take(struct object* o, void* start, size_t bytes, size_t alignment, unsigned heap,
                 enum origin origin) {
    if (bytes >= kMustBeRefused) fail("%p for %zu bytes", start, bytes);
    o->start = start;
    o->bytes = bytes;
    o->alignment = alignment;
    o->heap = heap;
    o->origin = origin;
    o->usable = usable_of(heap, start);
    check_place(o);
}
static void take_zeroed(struct object* o, void* start, size_t bytes, size_t alignment,
                        unsigned heap, enum origin origin) {
    verify_zeros(start, bytes);
    take(o, start, bytes, alignment, heap, origin);
    fill(o);
}

#define ALLOCATE(slot_index, heap, bytes, alignment, origin, call, take_it)                   \
    do {                                                                                      \
        struct object* const o_ = slot(slot_index);                                           \
        if (o_->start != NULL) return;                                                        \
        void* p_;                                                                             \
        errno = 0;                                                                            \
        TRAPPED(p_ = (call));                                                                 \
        if (p_ == NULL)                                                                       \
            check_null(heap, bytes, alignment, is_power_of_two(alignment) ? ENOMEM : EINVAL); \
        else                                                                                  \
            take_it(o_, p_, bytes, alignment, heap, origin);                                  \
    } while (0)

static void take_filled(struct object* o, void* start, size_t bytes, size_t alignment,
                        unsigned heap, enum origin origin) {
    take(o, start, bytes, alignment, heap, origin);
    fill(o);
}

static void do_malloc(size_t s, size_t bytes) {
    ALLOCATE(s, 0, bytes, 16, kMalloc, emma_malloc(bytes), take_filled);
}

static void do_calloc(size_t s, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;
    ALLOCATE(s, 0, bytes, 16, kMalloc, emma_calloc(count, size), take_zeroed);
}

static void do_aligned_alloc(size_t s, size_t alignment, size_t bytes) {
    ALLOCATE(s, 0, bytes, alignment, kAligned, emma_aligned_alloc(alignment, bytes), take_filled);
}
static void do_memalign(size_t s, size_t alignment, size_t bytes) {
    ALLOCATE(s, 0, bytes, alignment, kPlain, emma_memalign(alignment, bytes), take_filled);
}

static void do_posix_memalign(size_t s, size_t alignment, size_t bytes) {
    struct object* const o = slot(s);
    if (o->start != NULL) return;
    void* start = &start;
    int result;
    errno = 12345;
    TRAPPED(result = emma_posix_memalign(&start, alignment, bytes));
    if (errno != 12345) fail("posix_memalign has set errno");
    if (result == 0) return take_filled(o, start, bytes, alignment, 0, kPlain);
    if (start != &start) fail("posix_memalign has failed and written a result");
    const bool is_bad = !is_power_of_two(alignment) || alignment < sizeof(void*);
    errno = result;
    check_null(0, bytes, is_bad ? 0 : alignment, is_bad ? EINVAL : ENOMEM);
}

static void do_alloc(size_t s, size_t bytes, size_t alignment) {
    ALLOCATE(s, 0, bytes, alignment, kSized, emma_alloc(bytes, alignment), take_filled);
}
static void do_alloc_zeroed(size_t s, size_t bytes, size_t alignment) {
    ALLOCATE(s, 0, bytes, alignment, kSized, emma_alloc_zeroed(bytes, alignment), take_zeroed);
}

static void do_heap_alloc(size_t s, size_t heap, size_t bytes, size_t alignment) {
    emma_heap* const h = g_heaps[heap % kHeaps].heap;
    if (h == NULL) return;
    const unsigned index = (unsigned)(heap % kHeaps);
    ALLOCATE(s, index, bytes, alignment, kOwn, emma_heap_alloc(h, bytes, alignment), take_filled);
}
static void do_heap_alloc_zeroed(size_t s, size_t heap, size_t bytes, size_t alignment) {
    emma_heap* const h = g_heaps[heap % kHeaps].heap;
    if (h == NULL) return;
    const unsigned index = (unsigned)(heap % kHeaps);
    ALLOCATE(s, index, bytes, alignment, kOwn, emma_heap_alloc_zeroed(h, bytes, alignment),
             take_zeroed);
}

// ---- resizing ----------------------------------------------------------------------------------

// A smaller place is always there; in CHECKS builds not for huge objects.
static bool may_be_huge(const struct object* o) {
    return o->heap != 0 || o->usable >= 1 << 16 || o->alignment > 1 << 16;
}
static bool may_stay_null(const struct object* o, size_t bytes) {
    if (bytes >= kMayBeRefused) return true;
    if (bytes <= o->bytes && !(FUZZ_CHECKS && may_be_huge(o))) return false;
    return may_refuse(o->heap);
}

static void resized(struct object* o, void* start, size_t bytes, size_t alignment,
                    enum origin origin) {
    if (start == NULL) {
        if (errno != ENOMEM) fail("a resize has failed with errno %d", errno);
        if (!may_stay_null(o, bytes))
            fail("null for resizing %p from %zu to %zu bytes", (void*)o->start, o->bytes, bytes);
        return verify(o);
    }
    const struct object before = *o;
    o->start = NULL;
    take(o, start, bytes, alignment, o->heap, origin);
    verify_range(o, bytes < before.bytes ? bytes : before.bytes);
    if (bytes >= before.bytes) verify_end(o, before.bytes);
    fill(o);
}

#define RESIZE(o, bytes, alignment, origin, call) \
    do {                                          \
        void* p_;                                 \
        verify(o);                                \
        errno = 0;                                \
        TRAPPED(p_ = (call));                     \
        resized(o, p_, bytes, alignment, origin); \
    } while (0)

static void heap_resize(struct object* o, size_t bytes) {
    emma_heap* const h = g_heaps[o->heap].heap;
    RESIZE(o, bytes, o->alignment, kOwn, emma_heap_resize(h, o->start, o->alignment, bytes));
}

static void do_realloc(size_t s, size_t bytes) {
    struct object* const o = slot(s);
    if (o->start == NULL) {
        ALLOCATE(s, 0, bytes, 16, kMalloc, emma_realloc(NULL, bytes), take_filled);
    } else if (o->heap != 0) {
        heap_resize(o, bytes);
    } else {
        RESIZE(o, bytes, 16, kMalloc, emma_realloc(o->start, bytes));
    }
}
static void do_reallocarray(size_t s, size_t count, size_t size) {
    struct object* const o = slot(s);
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;
    if (o->start == NULL || o->heap != 0) return;
    RESIZE(o, bytes, 16, kMalloc, emma_reallocarray(o->start, count, size));
}
// By the function that keeps the alignment, where the object has one.
static void do_resize(size_t s, size_t bytes) {
    struct object* const o = slot(s);
    if (o->start == NULL) return;
    if (o->heap != 0 || o->origin != kSized) return do_realloc(s, bytes);
    RESIZE(o, bytes, o->alignment, kSized, emma_resize(o->start, o->bytes, o->alignment, bytes));
}

// ---- ending ------------------------------------------------------------------------------------

static void ended(struct object* o) {
    if (errno != 54321) fail("a free has set errno to %d", errno);
    const unsigned char* start = o->start;
    o->start = NULL;
    // What a handler has allocated since may lie there.
    if (is_quiet() && t_trap.left == 0 && !is_live_start(start) &&
        g_heaps[o->heap].killed_count == 0 && owns(o->heap, start))
        fail("%p is owned after its end", (const void*)start);
}

static void end_sized(const struct object* o) {
    switch (o->origin) {
        case kMalloc:
            TRAPPED(emma_free_sized(o->start, o->bytes));
            break;
        case kAligned:
            TRAPPED(emma_free_aligned_sized(o->start, o->alignment, o->bytes));
            break;
        case kSized:
            TRAPPED(emma_dealloc(o->start, o->bytes, o->alignment));
            break;
        default:
            TRAPPED(emma_free(o->start));
    }
}

static void end_object(struct object* o, bool is_sized) {
    if (o->start == NULL) return;
    verify(o);
    errno = 54321;
    if (o->heap != 0) {
        TRAPPED(emma_heap_free(g_heaps[o->heap].heap, o->start));
    } else if (is_sized) {
        end_sized(o);
    } else {
        TRAPPED(emma_free(o->start));
    }
    ended(o);
}
static void do_free(size_t s) { end_object(slot(s), false); }
static void do_free_sized(size_t s) { end_object(slot(s), true); }

// What is freed can be had again at once, also where a limit or a region is used up.
static void do_replace(size_t s) {
    struct object* const o = slot(s);
    const struct object before = *o;
    if (before.start == NULL || before.heap == 0 || g_shortage || !is_quiet()) return;
    end_object(o, false);
    struct heap* const h = &g_heaps[before.heap];
    void* const start = emma_heap_alloc(h->heap, before.bytes, before.alignment);
    if (start != NULL)
        return take_filled(o, start, before.bytes, before.alignment, before.heap, kOwn);
    if (h->killed_count == 0 && (h->kind == kRegion || (h->kind == kSystem && h->limit_bytes != 0)))
        fail("%zu bytes were freed in heap %u, and cannot be had again", before.bytes, before.heap);
}

// An object goes to where other threads find one, and what is there comes.
static void do_pass(size_t s, size_t mailbox) {
    g_slots[s % kSlots] = atomic_exchange(&g_mailboxes[mailbox % kMailboxes], g_slots[s % kSlots]);
    if (slot(s)->start != NULL) verify(slot(s));
}

// ---- crowds ------------------------------------------------------------------------------------

static void* allocate_member(const struct crowd* c) {
    return c->heap == 0 ? emma_malloc(c->bytes)
                        : emma_heap_alloc(g_heaps[c->heap].heap, c->bytes, 16);
}
static void end_member(struct crowd* c, unsigned i) {
    verify_member(c, i);
    if (c->heap == 0) {
        TRAPPED(emma_free(c->start[i]));
    } else {
        TRAPPED(emma_heap_free(g_heaps[c->heap].heap, c->start[i]));
    }
    c->start[i] = NULL;
}

static bool is_empty(const struct crowd* c) {
    for (unsigned i = 0; i < kCrowdSize; i++)
        if (c->start[i] != NULL) return false;
    return true;
}

// Adds to a crowd; an empty one becomes one of this heap and size.
static void do_gather(size_t index, size_t heap, size_t bytes, size_t count) {
    struct crowd* const c = &g_crowds[index % kCrowds];
    if (is_empty(c)) {
        if (!is_heap(heap)) return;
        c->heap = (unsigned)(heap % kHeaps);
        c->bytes = bytes;
    }
    for (unsigned i = 0; i < kCrowdSize && count > 0; i++) {
        if (c->start[i] != NULL) continue;
        count--;
        unsigned char* start;
        errno = 0;
        TRAPPED(start = allocate_member(c));
        if (start == NULL) return check_null(c->heap, c->bytes, 16, ENOMEM);
        if ((uintptr_t)start % 16 != 0) fail("%p in a crowd is not aligned", (void*)start);
        c->start[i] = start;
        fill_member(c, i);
    }
}
// Ends each `every`-th, from `first` on.
static void do_thin(size_t index, size_t every, size_t first) {
    struct crowd* const c = &g_crowds[index % kCrowds];
    for (size_t i = first; i < kCrowdSize; i += every == 0 ? 1 : every)
        if (c->start[i] != NULL) end_member(c, (unsigned)i);
}

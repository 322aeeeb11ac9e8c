// SPDX-License-Identifier: MIT OR Apache-2.0
// Heaps of one's own, of every kind, and what must hold for their memory: a limit is never
// exceeded, and a heap that is destroyed gives back every byte.
#pragma once

#include "trap.h"

enum kind { kDefault, kSystem, kRegion, kShared, kFunctions };

enum { kSourceBytes = 1 << 30 };

// A source of pages that counts what it has given and refuses as it was told. Its pages lie in one
// mapping of its own, each address is given once, and what it has taken back cannot be touched.
struct source {
    unsigned char* pages;
    size_t given_bytes;            // from the start of `pages`
    size_t held_bytes;             // of these not taken back
    size_t most_bytes;             // the most that was held
    unsigned calls_until_refusal;  // 0: never
    unsigned refusals_left;        // and one more, as null is permitted as long as it is not 0
    bool refuses_unmap, is_exhausted;
};

struct heap {
    emma_heap* heap;  // null: there is none
    enum kind kind;
    size_t limit_bytes;
    unsigned char* region;
    size_t region_bytes;
    void* pages;  // around the region
    size_t pages_bytes;
    struct source source;
    unsigned
        killed_count;  // processes that were killed in it: it may have objects that nobody knows
};
static struct heap g_heaps[kHeaps];  // [0]: the default instance

static inline bool is_heap(size_t heap) {
    return heap % kHeaps == 0 || g_heaps[heap % kHeaps].heap != NULL;
}

// Whether null is a permitted answer of this heap, whatever was asked for.
static bool may_refuse(unsigned heap) {
    const struct heap* h = &g_heaps[heap];
    if (g_shortage || h->limit_bytes != 0 || h->kind == kRegion || h->kind == kShared) return true;
    return h->kind == kFunctions && (h->source.refusals_left != 0 || h->source.is_exhausted);
}

// ---- sources -----------------------------------------------------------------------------------
// Several threads may call them at once in a phase.

static bool refuses(struct source* s) {
    const unsigned wait = __atomic_load_n(&s->calls_until_refusal, __ATOMIC_RELAXED);
    if (wait > 1) __atomic_store_n(&s->calls_until_refusal, wait - 1, __ATOMIC_RELAXED);
    const unsigned left = __atomic_load_n(&s->refusals_left, __ATOMIC_RELAXED);
    if (wait != 1 || left <= 1) return false;
    __atomic_store_n(&s->refusals_left, left - 1, __ATOMIC_RELAXED);
    return true;
}

static void note_most(struct source* s, size_t held) {
    size_t most = __atomic_load_n(&s->most_bytes, __ATOMIC_RELAXED);
    while (held > most && !__atomic_compare_exchange_n(&s->most_bytes, &most, held, false,
                                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

static void* source_map(void* context, size_t bytes, size_t alignment) {
    struct source* s = context;
    if (refuses(s)) return NULL;
    const size_t most = bytes + alignment;
    const size_t given = __atomic_fetch_add(&s->given_bytes, most, __ATOMIC_RELAXED);
    if (given + most > kSourceBytes || most > kSourceBytes) {
        __atomic_store_n(&s->is_exhausted, true, __ATOMIC_RELAXED);
        __atomic_fetch_sub(&s->given_bytes, most, __ATOMIC_RELAXED);
        return NULL;
    }
    unsigned char* pages = s->pages + given;
    pages += (alignment - (uintptr_t)pages % alignment) % alignment;
    note_most(s, __atomic_add_fetch(&s->held_bytes, bytes, __ATOMIC_RELAXED));
    return pages;
}
// What does not read as zero, for sources that promise nothing.
static void* source_map_dirty(void* context, size_t bytes, size_t alignment) {
    unsigned char* pages = source_map(context, bytes, alignment);
    for (size_t i = 0; pages != NULL && i < bytes; i += 1 + i / 16) pages[i] = 0xa5;
    return pages;
}
static bool source_unmap(void* context, void* pages, size_t bytes) {
    struct source* s = context;
    if (s->refuses_unmap) return false;
    if (mmap(pages, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
             0) != pages)
        fail("a source's pages %p, %zu: %s", pages, bytes, strerror(errno));
    __atomic_sub_fetch(&s->held_bytes, bytes, __ATOMIC_RELAXED);
    return true;
}
static bool source_purge(void* context, void* pages, size_t bytes) {
    struct source* s = context;
    return !s->refuses_unmap && madvise(pages, bytes, MADV_DONTNEED) == 0;
}

// ---- making and ending -------------------------------------------------------------------------

static struct heap* new_heap(size_t index, enum kind kind) {
    struct heap* h = &g_heaps[index % kHeaps];
    if (h == g_heaps || h->heap != NULL) return NULL;
    memset(h, 0, sizeof *h);
    h->kind = kind;
    return h;
}

static void open_heap(struct heap* h, struct emma_heap_options* options) {
    size_t least = 1;
    options->limit_bytes = h->limit_bytes;
    options->least_bytes = &least;
    TRAPPED(h->heap = emma_heap_create(options));
    if (h->heap != NULL) return;
    const size_t least_region =
        options->is_shared ? EMMA_HEAP_LEAST_SHARED_REGION : EMMA_HEAP_LEAST_REGION;
    const bool is_too_small = (options->region != NULL && options->region_bytes < least_region) ||
                              (h->limit_bytes != 0 && h->limit_bytes < EMMA_HEAP_LEAST_LIMIT);
    if (is_too_small != (least != 0)) fail("a heap was refused, least_bytes %zu", least);
    const bool may_be_refused = g_shortage || g_few_calls || h->source.refusals_left != 0;
    if (!is_too_small && !may_be_refused) fail("no heap of kind %d, errno %d", (int)h->kind, errno);
}

static void do_create_system(size_t index, size_t limit_bytes) {
    struct heap* h = new_heap(index, kSystem);
    if (h == NULL) return;
    struct emma_heap_options options = {0};
    h->limit_bytes = limit_bytes;
    open_heap(h, &options);
}

// A region may begin and end anywhere; what lies around it must stay as it is.
static void make_region(struct heap* h, size_t bytes, size_t offset, int sharing) {
    h->pages_bytes = bytes + offset + 4096;
    h->pages = mmap(NULL, h->pages_bytes, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
    if (h->pages == MAP_FAILED) {
        h->pages = NULL;
        return;
    }
    h->region = (unsigned char*)h->pages + offset;
    h->region_bytes = bytes;
    memset(h->region - offset, 0x5a, offset);
    memset(h->region + bytes, 0x5a, 4096);
    memset(h->region, 0xa5, bytes < 65536 ? bytes : 65536);
}
static void verify_region(const struct heap* h) {
    const unsigned char* begin = h->pages;
    for (const unsigned char* byte = begin; byte < h->region; byte++)
        if (*byte != 0x5a) fail("a byte before a region has changed");
    for (const unsigned char* byte = h->region + h->region_bytes; byte < begin + h->pages_bytes;
         byte++)
        if (*byte != 0x5a) fail("a byte behind a region has changed");
}

static void do_create_region(size_t index, size_t bytes, size_t offset, size_t limit_bytes) {
    struct heap* h = new_heap(index, kRegion);
    if (h == NULL) return;
    make_region(h, bytes, offset % 4096, MAP_PRIVATE);
    if (h->pages == NULL) return;
    h->limit_bytes = limit_bytes;
    struct emma_heap_options options = {.region = h->region, .region_bytes = bytes};
    open_heap(h, &options);
    if (h->heap == NULL) munmap(h->pages, h->pages_bytes);
}
static void do_create_shared(size_t index, size_t bytes) {
    struct heap* h = new_heap(index, kShared);
    if (h == NULL) return;
    make_region(h, bytes, 0, MAP_SHARED);
    if (h->pages == NULL) return;
    struct emma_heap_options options = {
        .region = h->region, .region_bytes = bytes, .is_shared = true};
    open_heap(h, &options);
    if (h->heap == NULL) munmap(h->pages, h->pages_bytes);
}

// All has come back, but where the source did not take it.
static void end_source(struct heap* h) {
    if (!h->source.refuses_unmap && h->source.held_bytes != 0)
        fail("a heap that is gone has left %zu bytes with its source", h->source.held_bytes);
    if (h->limit_bytes != 0 && h->source.most_bytes > h->limit_bytes)
        fail("a source has given %zu bytes, the limit is %zu", h->source.most_bytes,
             h->limit_bytes);
    munmap(h->source.pages, kSourceBytes);
}

// `abilities`: bit 0 unmap, 1 purge, 2 gives zeros.
static void do_create_functions(size_t index, size_t abilities, size_t limit_bytes) {
    struct heap* h = new_heap(index, kFunctions);
    if (h == NULL) return;
    const struct emma_page_source source = {
        .map = abilities & 4 ? source_map : source_map_dirty,
        .unmap = abilities & 1 ? source_unmap : NULL,
        .purge = abilities & 2 ? source_purge : NULL,
        .context = &h->source,
        .gives_zeros = (abilities & 4) != 0,
    };
    h->limit_bytes = limit_bytes;
    h->source.refuses_unmap = (abilities & 1) == 0;
    h->source.pages = mmap(NULL, kSourceBytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (h->source.pages == MAP_FAILED) return;
    struct emma_heap_options options = {.source = &source};
    open_heap(h, &options);
    if (h->heap == NULL) end_source(h);
}

// From the n-th call on a source refuses `count` calls. A count of 0: no more.
static void do_refuse(size_t index, size_t nth, size_t count, size_t unmap_too) {
    struct heap* h = &g_heaps[index % kHeaps];
    if (h->heap == NULL || h->kind != kFunctions) return;
    h->source.calls_until_refusal = (unsigned)nth;
    h->source.refusals_left = count == 0 ? 0 : (unsigned)count + 1;
    if (unmap_too != 0) h->source.refuses_unmap = true;
}

static void do_destroy(size_t index) {
    struct heap* h = &g_heaps[index % kHeaps];
    if (h == g_heaps || h->heap == NULL) return;
    emma_heap_destroy(h->heap);
    h->heap = NULL;
    forget_heap((unsigned)(h - g_heaps));
    if (h->kind == kFunctions) end_source(h);
    if (h->kind != kRegion && h->kind != kShared) return;
    verify_region(h);
    munmap(h->pages, h->pages_bytes);
}

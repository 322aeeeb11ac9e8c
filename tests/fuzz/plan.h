// SPDX-License-Identifier: MIT OR Apache-2.0
// A program: from bytes, 8 for each step, to the calls that are made, and in which context. It
// follows from the bytes alone: the plan assumes that every allocation succeeds, and a step that
// finds no object in its slot does nothing. So a program can be printed without being run, and any
// part of it can be left out.
#pragma once

#include "world/calls.h"

enum {
    kRecordBytes = 8,
    kMaxSteps = 2000,
    kMaxChildSteps = 40,
    kMaxPhaseSteps = 200,
    kMaxParkSteps = 12
};
static const size_t kMaxLiveBytes = (size_t)1 << 30;

enum step_kind { kStep, kPark, kResume, kBeginPhase, kEndPhase, kBeginChild, kEndChild };

struct step {
    enum step_kind kind;
    unsigned thread;
    bool in_handler;
    struct call call;
    unsigned instructions;  // until `inner` interrupts the call; 0: nothing does
    struct call inner;
    long interval;  // of a phase's timer
};

// What the plan assumes. In `heap_of` 0 is no object, 1 one of the default instance.
struct assumed {
    unsigned char heap_of[kSlots];
    size_t bytes[kSlots];
    unsigned char
        kind[kHeaps];  // enum kind; [0] is kDefault, and so are the others that are not there
    size_t total_bytes;
};

struct plan {
    struct step steps[kMaxSteps + 16];
    unsigned count;
    // While it is made:
    const unsigned char *next, *end;
    struct assumed now, parents;
    unsigned child_left, phase_left, park_left;  // steps
    unsigned parked_thread;
    int parked_slot;  // -1: none
    int busy_slot;    // of the step that is interrupted; -1: none
    unsigned thread;  // of the step that is made
    bool is_inner;
};

struct record {
    unsigned op, context, slot, place, size, extra, instructions;
};

// ---- sizes and alignments ----------------------------------------------------------------------

static size_t absurd_size(unsigned n) {
    static const size_t kSizes[] = {
        (size_t)PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1, SIZE_MAX,        SIZE_MAX - 4095,
        (size_t)1 << 47,     (size_t)1 << 46,         (size_t)1 << 63, SIZE_MAX - 15};
    return kSizes[n % 8] - n / 8 % 3;
}

// Small ones mostly, every size up to 4 KiB, then those around multiples of pages, slices and
// arenas.
static size_t size_from(unsigned code) {
    const size_t low = code & 0xfff, near = low & 15;
    switch (code >> 12) {
        case 0:
        case 1:
        case 2:
        case 3:
            return low & 0x3ff;
        case 4:
            return ((size_t)1 << (4 + low % 20)) + (low >> 5) % 33 - 16;
        case 5:
        case 6:
            return low;
        case 7:
            return low * 16;
        case 8:
            return low * 64;
        case 9:
            return (low >> 4) * 4096 + near - 8 * (low > 15);
        case 10:
            return (low >> 5) * 65536 + near - 8 * (low > 15);
        case 11:
            return low * 1024;
        case 12:
            return low * 2048;
        case 13:
            return low % 4 == 0 ? low * 16384 : low * 256;
        case 14:
            return low & 0xff;
        default:
            return low % 8 == 0 ? absurd_size((unsigned)low / 8) : low;
    }
}

static size_t alignment_from(unsigned code) {
    code &= 31;
    if (code < 12) return 16;
    if (code < 28) return (size_t)1 << (code - 12 + (code > 20 ? 2 : 0));
    if (code == 28) return (size_t)1 << 22;
    if (code == 29) return (size_t)1 << 25;
    return code == 30 ? (size_t)1 << 45 : 48;
}

// ---- what there is -----------------------------------------------------------------------------

static bool is_mine(const struct plan* p, unsigned s) {
    return (int)s != p->busy_slot && (int)s != p->parked_slot &&
           (p->phase_left == 0 || s % kThreads == p->thread);
}
// The first slot from `from` on that has an object (or has none), or -1.
static int find_slot(const struct plan* p, unsigned from, bool is_taken) {
    for (unsigned i = 0; i < kSlots; i++) {
        const unsigned s = (from + i) % kSlots;
        if (is_mine(p, s) && (p->now.heap_of[s] != 0) == is_taken) return (int)s;
    }
    return -1;
}

static unsigned heap_from(const struct plan* p, unsigned place) {
    const unsigned h = (place & 7) < 4 ? 0 : (place & 3) + 1;
    return p->now.kind[h] == kDefault ? 0 : h;
}

static void assume(struct plan* p, unsigned s, unsigned heap, size_t bytes) {
    p->now.total_bytes -= p->now.heap_of[s] != 0 ? p->now.bytes[s] : 0;
    if (bytes >= kMayBeRefused) {
        // Refused: what was there stays.
        p->now.total_bytes += p->now.heap_of[s] != 0 ? p->now.bytes[s] : 0;
        return;
    }
    p->now.heap_of[s] = (unsigned char)(heap + 1);
    p->now.bytes[s] = bytes;
    p->now.total_bytes += bytes;
}
static void assume_none(struct plan* p, unsigned s) {
    if (p->now.heap_of[s] != 0) p->now.total_bytes -= p->now.bytes[s];
    p->now.heap_of[s] = 0;
}

static size_t affordable(const struct plan* p, size_t bytes) {
    return bytes < kMayBeRefused && p->now.total_bytes + bytes > kMaxLiveBytes ? bytes % 4096
                                                                               : bytes;
}

static struct call make_call(enum call_kind kind, size_t a, size_t b, size_t c, size_t d) {
    const struct call call = {kind, {a, b, c, d}};
    return call;
}

// ---- one step each -----------------------------------------------------------------------------

static struct call plan_free(struct plan* p, const struct record* r) {
    const int s = find_slot(p, r->slot, true);
    if (s < 0) return make_call(k_do_check, 0, 0, 0, 0);
    assume_none(p, (unsigned)s);
    return make_call(r->extra & 1 ? k_do_free_sized : k_do_free, (size_t)s, 0, 0, 0);
}

static struct call allocation(const struct record* r, unsigned heap, size_t s, size_t bytes,
                              size_t alignment) {
    const size_t count = 1 + (r->extra & 7);
    if (heap != 0)
        return make_call(r->extra & 1 ? k_do_heap_alloc : k_do_heap_alloc_zeroed, s, heap, bytes,
                         alignment);
    switch (r->extra >> 4 & 7) {
        case 0:
        case 1:
            return make_call(k_do_malloc, s, bytes, 0, 0);
        case 2:
            return make_call(k_do_calloc, s, count, bytes / count, 0);
        case 3:
            return make_call(k_do_aligned_alloc, s, alignment, bytes, 0);
        case 4:
            return make_call(r->extra & 1 ? k_do_memalign : k_do_posix_memalign, s, alignment,
                             bytes, 0);
        case 5:
            return make_call(k_do_alloc, s, bytes, alignment, 0);
        case 6:
            return make_call(k_do_alloc_zeroed, s, bytes, alignment, 0);
        default:
            return make_call(k_do_realloc, s, bytes, 0, 0);
    }
}
static struct call plan_allocate(struct plan* p, const struct record* r) {
    const int s = find_slot(p, r->slot, false);
    if (s < 0) return plan_free(p, r);
    const unsigned heap = heap_from(p, r->place);
    const size_t bytes = affordable(p, size_from(r->size));
    assume(p, (unsigned)s, heap, bytes);
    return allocation(r, heap, (size_t)s, bytes, alignment_from(r->place >> 3));
}

static struct call plan_resize(struct plan* p, const struct record* r) {
    const int s = find_slot(p, r->slot, true);
    if (s < 0) return plan_allocate(p, r);
    size_t bytes = affordable(p, size_from(r->size));
    // Every second time beside the size that it has, as objects grow and shrink by steps.
    if (r->extra & 2)
        bytes = p->now.bytes[s] + (r->size & 0x3fff) - (r->size & 0x8000 ? 0 : p->now.bytes[s] / 2);
    assume(p, (unsigned)s, p->now.heap_of[s] - 1u, bytes);
    if ((r->extra & 0x70) == 0)
        return make_call(k_do_reallocarray, (size_t)s, 1 + (r->extra & 1), bytes / 2, 0);
    return make_call(r->extra & 8 ? k_do_resize : k_do_realloc, (size_t)s, bytes, 0, 0);
}

static struct call plan_with_slot(struct plan* p, const struct record* r, enum call_kind kind,
                                  size_t b) {
    const int s = find_slot(p, r->slot, true);
    return s < 0 ? plan_allocate(p, r) : make_call(kind, (size_t)s, b, 0, 0);
}

static struct call plan_crowd(struct plan* p, const struct record* r) {
    unsigned crowd = r->slot % kCrowds;
    if (p->is_inner) return plan_allocate(p, r);
    if (p->phase_left != 0) crowd = (crowd & ~3u) | p->thread;
    if (r->extra & 1)
        return make_call(k_do_thin, crowd, r->extra >> 1 & 15, r->size % kCrowdSize, 0);
    const size_t bytes = r->size & 1 ? r->size % 400 : r->size % 5000;
    return make_call(k_do_gather, crowd, heap_from(p, r->place), bytes + 1,
                     1 + (size_t)(r->extra << 3) % kCrowdSize);
}

static struct call plan_create(struct plan* p, const struct record* r) {
    const unsigned h = 1 + r->slot % (kHeaps - 1);
    const size_t limit = r->extra & 0x80 ? (size_t)(12 + (r->extra & 0x7f)) << 15 : 0;
    const size_t bytes = (size_t)(r->size % 2048) << 12 | (r->extra & 0xf) << 4;
    if (p->now.kind[h] != kDefault) return make_call(k_do_check, h, 0, 0, 0);
    switch (r->place & 3) {
        case 0:
            p->now.kind[h] = kSystem;
            return make_call(k_do_create_system, h, limit, 0, 0);
        case 1:
            p->now.kind[h] = kRegion;
            return make_call(k_do_create_region, h, bytes, (size_t)r->place << 4, limit);
        case 2:
            p->now.kind[h] = kShared;
            return make_call(k_do_create_shared, h, bytes & ~(size_t)4095, 0, 0);
        default:
            p->now.kind[h] = kFunctions;
            return make_call(k_do_create_functions, h, r->size & 7, limit, 0);
    }
}
static struct call plan_destroy(struct plan* p, const struct record* r) {
    const unsigned h = 1 + r->slot % (kHeaps - 1);
    p->now.kind[h] = kDefault;
    for (unsigned s = 0; s < kSlots; s++)
        if (p->now.heap_of[s] == h + 1) assume_none(p, s);
    return make_call(k_do_destroy, h, 0, 0, 0);
}

static struct call plan_look(struct plan* p, const struct record* r) {
    const size_t heap = heap_from(p, r->place);
    switch (r->extra & 7) {
        case 0:
            return plan_with_slot(p, r, k_do_usable, 0);
        case 1:
            return plan_with_slot(p, r, k_do_owns, r->size);
        case 2:
            return make_call(k_do_owns_any,
                             (size_t)r->size << 44 | (size_t)r->slot << 20 | r->extra, 0, 0, 0);
        case 3:
            return make_call(k_do_walk, heap, r->size & 1 ? r->size >> 10 : 0, 0, 0);
        case 4:
            return make_call(k_do_check, heap, 0, 0, 0);
        case 5:
            return make_call(r->size & 7 ? k_do_stats : k_do_picture, heap, 0, 0, 0);
        case 6:
            return make_call(r->size & 7 ? k_do_stats : k_do_report, heap, 0, 0, 0);
        default:
            return make_call(k_do_trim, heap, 0, 0, 0);
    }
}

static struct call plan_pass(struct plan* p, const struct record* r) {
    const int s = find_slot(p, r->slot, true);
    if (s < 0 || p->is_inner) return plan_allocate(p, r);
    return make_call(k_do_pass, (size_t)s, r->extra % kMailboxes, 0, 0);
}

static struct call plan_thread(struct plan* p, const struct record* r) {
    (void)p;
    switch (r->extra & 3) {
        case 0:
            return make_call(k_do_attach, 0, 0, 0, 0);
        case 1:
            return make_call(k_do_detach, 0, 0, 0, 0);
        default:
            return make_call(k_do_end_thread, 1 + r->slot % (kThreads - 1), r->extra >> 2 & 1, 0,
                             0);
    }
}

static struct call plan_refuse(struct plan* p, const struct record* r) {
    if (r->extra & 1)
        return make_call(k_do_space, r->extra & 2 ? 0 : (size_t)r->size << 9, 0, 0, 0);
    (void)p;
    return make_call(k_do_refuse, 1 + r->slot % (kHeaps - 1), 1 + r->size % 8, r->size >> 3 & 15,
                     (r->extra & 14) == 2);
}

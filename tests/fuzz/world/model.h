// SPDX-License-Identifier: MIT OR Apache-2.0
// The model: which objects are alive, what is in them, and what must hold for each. The headers of
// this folder are the fuzzer's own and, printed one after the other, the beginning of each case
// that it prints as a C program; so they are C and need nothing but <emma.h> and a libc.
//
// Objects lie in slots. A step uses a slot; where it finds no object there, it does nothing. So
// steps can be left out of a program, and an allocation may fail, without any other step having to
// know.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <emma.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef FUZZ_CHECKS  // of a build with CHECKS=1
#define FUZZ_CHECKS 0
#endif
#if defined(__SANITIZE_ADDRESS__)
#define FUZZ_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FUZZ_ASAN 1
#endif
#endif
#ifndef FUZZ_ASAN
#define FUZZ_ASAN 0
#endif

#define UNUSED __attribute__((unused))

enum { kSlots = 192, kMailboxes = 8, kHeaps = 5, kThreads = 4, kCrowds = 8, kCrowdSize = 2048 };

// Which functions may resize and end an object, and what they have to be told.
enum origin { kMalloc, kAligned, kSized, kPlain, kOwn };

struct object {
    unsigned char* start;  // null: there is none
    size_t bytes, usable, alignment;
    unsigned heap;  // 0: the default instance
    enum origin origin;
    unsigned tag;  // what it is filled with follows from this
};

// Many small objects of one size: what fills slabs and arenas.
struct crowd {
    unsigned char* start[kCrowdSize];
    size_t bytes;
    unsigned heap;
};

static struct object g_objects[kSlots + kMailboxes];
static struct object* g_slots[kSlots];
static _Atomic(struct object*) g_mailboxes[kMailboxes];  // objects on their way between threads
static struct crowd g_crowds[kCrowds];

static unsigned g_step;              // the one that runs, for messages
static atomic_uint g_tags;           // the last one given
static bool g_phase;                 // several threads run
static bool g_parked;                // one thread is stopped in the middle of a step
static bool g_shortage;              // any allocation may be refused
static bool g_sealed;                // after emma_seal
static bool g_few_calls;             // after emma_limit_calls
static _Thread_local bool t_nested;  // in a handler that interrupted Emma

// Nothing else runs: what is promised only then can be asked.
static inline bool is_quiet(void) { return !g_phase && !g_parked && !t_nested; }

_Noreturn __attribute__((format(printf, 1, 2))) static void fail(const char* format, ...) {
    char text[400];
    va_list values;
    va_start(values, format);
    int length = snprintf(text, 60, "FAILED at step %u: ", g_step);
    length += vsnprintf(text + length, sizeof text - 80, format, values);
    va_end(values);
    text[length++] = '\n';
    if (write(2, text, (size_t)length) < 0) _exit(3);
    abort();
}

static inline bool is_power_of_two(size_t n) { return n != 0 && (n & (n - 1)) == 0; }

// ---- contents ----------------------------------------------------------------------------------
// Of a long object some bytes: the same ones whatever its size, and those at its ends.

static inline unsigned char byte_at(unsigned tag, size_t index) {
    return (unsigned char)(tag * 31 + index * 7 + (index >> 8) * 13 + 1);
}

static inline size_t next_index(size_t index) {
    return index < 256 ? index + 1 : index + (index >> 4);
}

static void fill_range(const struct object* o, size_t from, size_t to) {
    for (size_t i = from; i < to; i = next_index(i)) o->start[i] = byte_at(o->tag, i);
}
static void fill_end(const struct object* o, size_t end) {
    for (size_t i = end < 16 ? 0 : end - 16; i < end; i++) o->start[i] = byte_at(o->tag, i);
}
// All usable bytes are the program's.
static void fill(struct object* o) {
    o->tag = atomic_fetch_add(&g_tags, 1) + 1;
    fill_range(o, 0, o->usable);
    fill_end(o, o->bytes);
    fill_end(o, o->usable);
}

static void verify_byte(const struct object* o, size_t i) {
    if (o->start[i] != byte_at(o->tag, i))
        fail("object %p of %zu bytes in heap %u has lost byte %zu", (void*)o->start, o->bytes,
             o->heap, i);
}
static void verify_range(const struct object* o, size_t to) {
    for (size_t i = 0; i < to; i = next_index(i)) verify_byte(o, i);
}
static void verify_end(const struct object* o, size_t end) {
    for (size_t i = end < 16 ? 0 : end - 16; i < end; i++) verify_byte(o, i);
}
static void verify(const struct object* o) {
    verify_range(o, o->usable);
    verify_end(o, o->bytes);
    verify_end(o, o->usable);
}

static void verify_zero_byte(const unsigned char* start, size_t i, size_t bytes) {
    if (start[i] != 0)
        fail("byte %zu of %zu is not zero in an object at %p", i, bytes, (const void*)start);
}
static void verify_zeros(const unsigned char* start, size_t bytes) {
    for (size_t i = 0; i < bytes; i = bytes <= 65536 ? i + 1 : next_index(i))
        verify_zero_byte(start, i, bytes);
    for (size_t i = bytes < 16 ? 0 : bytes - 16; i < bytes; i++) verify_zero_byte(start, i, bytes);
}

// An object of a crowd says which one it is, at both ends.
static struct object member_of(const struct crowd* c, unsigned index) {
    return (struct object){c->start[index],
                           c->bytes,
                           c->bytes,
                           16,
                           c->heap,
                           kOwn,
                           (unsigned)(c - g_crowds) * kCrowdSize + index};
}
static void fill_member(const struct crowd* c, unsigned index) {
    const struct object o = member_of(c, index);
    fill_range(&o, 0, c->bytes < 24 ? c->bytes : 24);
    fill_end(&o, c->bytes);
}
static void verify_member(const struct crowd* c, unsigned index) {
    const struct object o = member_of(c, index);
    verify_range(&o, c->bytes < 24 ? c->bytes : 24);
    verify_end(&o, c->bytes);
}

// ---- all objects -------------------------------------------------------------------------------

static inline struct object* slot(size_t index) { return g_slots[index % kSlots]; }

static void verify_overlaps(const struct object* o) {
    for (unsigned i = 0; i < kSlots + kMailboxes; i++) {
        const struct object* other = &g_objects[i];
        if (other == o || other->start == NULL) continue;
        if (o->start < other->start + other->usable && other->start < o->start + o->usable)
            fail("%p of %zu bytes lies over %p of %zu", (void*)o->start, o->usable,
                 (void*)other->start, other->usable);
    }
}

static void verify_all(void) {
    for (unsigned i = 0; i < kSlots + kMailboxes; i++) {
        if (g_objects[i].start == NULL) continue;
        verify(&g_objects[i]);
        verify_overlaps(&g_objects[i]);
    }
    for (unsigned c = 0; c < kCrowds; c++)
        for (unsigned i = 0; i < kCrowdSize; i++)
            if (g_crowds[c].start[i] != NULL) verify_member(&g_crowds[c], i);
}

static bool is_live_start(const unsigned char* start) {
    for (unsigned i = 0; i < kSlots + kMailboxes; i++)
        if (g_objects[i].start == start) return true;
    return false;
}

static void forget_heap(unsigned heap) {
    for (unsigned i = 0; i < kSlots + kMailboxes; i++)
        if (g_objects[i].heap == heap) g_objects[i].start = NULL;
    for (unsigned c = 0; c < kCrowds; c++)
        if (g_crowds[c].heap == heap) memset(g_crowds[c].start, 0, sizeof g_crowds[c].start);
}

static void reset_model(void) {
    memset(g_objects, 0, sizeof g_objects);
    memset(g_crowds, 0, sizeof g_crowds);
    for (unsigned i = 0; i < kSlots; i++) g_slots[i] = &g_objects[i];
    for (unsigned i = 0; i < kMailboxes; i++) atomic_store(&g_mailboxes[i], &g_objects[kSlots + i]);
    g_step = 0;
    atomic_store(&g_tags, 1000000);
    g_phase = g_parked = g_shortage = g_sealed = g_few_calls = t_nested = false;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Steps in a process of their own: the child of a fork at any place, misuses, and processes that
// share a heap and are killed in it.
#pragma once

#include "control.h"

// ---- a fork at any place -----------------------------------------------------------------------

static void allocate_and_free(size_t count) {
    unsigned char* kept[16] = {0};
    for (size_t i = 0; i < count; i++) {
        unsigned char** const place = &kept[i % 16];
        emma_free(*place);
        *place = emma_malloc(1 + (i * 37) % 3000);
        if (*place == NULL && !g_shortage) fail("null in the child of a fork");
        if (*place != NULL) **place = 1;
    }
    for (unsigned i = 0; i < 16; i++) emma_free(kept[i]);
}

// The child allocates and frees, whatever its parent was at; other threads may run.
static void do_fork(size_t count) {
    const pid_t child = fork_or_fail();
    if (child != 0) return expect_success(wait_for_child(child));
    start_child();
    allocate_and_free(count);
    if (emma_check(write_error, NULL) != 0) fail("invariants do not hold in the child of a fork");
    leave_child(0);
}

// ---- handlers that leave by a jump -------------------------------------------------------------
// What the operation had in its hands is lost; all else is as it was.

static sigjmp_buf g_outside;
static void jump_out(const void* none) {
    (void)none;
    siglongjmp(g_outside, 1);
}

static void be_left(size_t i) {
    static unsigned char* kept[8];
    unsigned char** const place = &kept[i % 8];
    unsigned char* const object = *place;
    *place = NULL;  // whether the call has ended it nobody knows then
    if (i % 8 == 7) TRAPPED((void)emma_trim());
    if (i % 3 == 0) {
        TRAPPED(emma_free(object));
    } else {
        TRAPPED(*place = emma_realloc(object, 1 + (i * 997) % 9000));
    }
}

static void do_jumps(size_t count, size_t instructions) {
    const pid_t child = fork_or_fail();
    if (child != 0) return expect_success(wait_for_child(child));
    start_child();
    for (volatile size_t i = 0; i < count; i++) {
        t_trap.step = jump_out;
        t_trap.left = 1 + (unsigned)((instructions + i * 37) % 700);
        if (sigsetjmp(g_outside, 1) == 0) be_left(i);
        t_trap.left = 0;
        t_nested = false;
    }
    if (emma_thread_attach() != 0 && !g_shortage) fail("no heap for a thread after jumps");
    verify_all();
    allocate_and_free(300);
    if (emma_check(write_error, NULL) != 0) fail("invariants do not hold after jumps");
    leave_child(0);
}

// ---- misuses -----------------------------------------------------------------------------------

enum { kPanicStatus = 42 };

static void on_panic(const struct emma_panic* panic) {
    leave_child(panic->message != NULL && panic->kind != 0 ? kPanicStatus : 1);
}

static void free_in(unsigned heap, void* object) {
    if (heap == 0) {
        emma_free(object);
    } else {
        emma_heap_free(g_heaps[heap].heap, object);
    }
}

static void misuse(size_t kind, const struct object* o) {
    void* volatile gone = o->start;
    if (kind == 6) emma_out_of_memory();
    if (kind == 0) return free_in(o->heap, o->start + (o->usable >= 32 ? 16 : 1));
    if (kind == 1) return free_in(o->heap == 0 ? 1 : 0, o->start);
    if (kind == 2 && FUZZ_CHECKS && o->heap == 0) return emma_free_sized(o->start, o->usable + 1);
    free_in(o->heap, o->start);
    if (kind == 3) {
        (void)usable_of(o->heap, gone);
    } else if (kind == 4 && o->heap == 0) {
        (void)!emma_realloc(gone, 100);
    } else {
        free_in(o->heap, gone);
    }
}

// Ends by a panic, or where the default build reads a header in memory that is gone, by that fault.
static void do_misuse(size_t kind, size_t s) {
    const struct object* const o = slot(s);
    kind %= 7;
    if (o->start == NULL || (kind == 1 && o->heap == 0 && g_heaps[1].heap == NULL)) return;
    if (g_heaps[o->heap].kind == kShared) return;  // it would be gone for the parent
    const pid_t child = fork_or_fail();
    if (child == 0) {
        start_child();
        emma_set_panic_handler(on_panic);
        misuse(kind, o);
        leave_child(0);
    }
    const int status = wait_for_child(child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == kPanicStatus) return;
    if (!FUZZ_CHECKS && WIFSIGNALED(status) &&
        (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS))
        return;
    fail("misuse %zu of %p, %zu bytes in heap %u, has ended by signal %d, exit status %d", kind,
         (void*)o->start, o->bytes, o->heap, WTERMSIG(status), WEXITSTATUS(status));
}

// ---- processes that share a heap ---------------------------------------------------------------

static void kill_self(const void* none) {
    (void)none;
    if (__gcov_dump != NULL) __gcov_dump();
    kill(getpid(), SIGKILL);
}

static void work_in_shared(emma_heap* heap, size_t count, size_t bytes) {
    unsigned char* kept[16] = {0};
    for (size_t i = 0; i < count + 16; i++) {
        unsigned char** const place = &kept[i % 16];
        const size_t size = i % 5 == 4 ? bytes : 1 + (i * 37) % 600;
        TRAPPED(emma_heap_free(heap, *place));
        *place = NULL;
        if (i >= count) continue;
        TRAPPED(*place = emma_heap_alloc(heap, size, 16));
        if (*place != NULL) (*place)[0] = (*place)[size - 1] = (unsigned char)i;
        if (i % 64 == 63) TRAPPED((void)emma_heap_trim(heap));
    }
}

static void be_sharer(const struct heap* h, size_t count, size_t bytes, size_t kill_after) {
    start_child();
    emma_heap* const heap = emma_heap_attach(h->region, h->region_bytes, 1);
    if (heap != h->heap) fail("emma_heap_attach has given %p, errno %d", (void*)heap, errno);
    t_trap.left = (unsigned)kill_after;
    t_trap.step = kill_self;
    work_in_shared(heap, count, bytes);
    leave_child(0);
}

// A process works in the heap; after so many instructions of Emma's (0: never) it is killed. Then
// what it was at work in is taken back.
static void do_share(size_t index, size_t count, size_t bytes, size_t kill_after) {
    struct heap* const h = &g_heaps[index % kHeaps];
    if (h->heap == NULL || h->kind != kShared || g_few_calls || g_shortage) return;
    const pid_t child = fork_or_fail();
    if (child == 0) be_sharer(h, count, bytes, kill_after);
    const int status = wait_for_child(child);
    if (kill_after != 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        h->killed_count++;
    } else {
        expect_success(status);
    }
    const size_t most =
        (h->region_bytes < (size_t)16 << 20 ? (size_t)256 << 10 : (size_t)4 << 20) + bytes + 4096;
    const size_t lost = emma_heap_recover(h->heap, 1);
    if (lost > h->killed_count * most)
        fail("%u killed processes have lost %zu bytes", h->killed_count, lost);
    do_check(index);
}

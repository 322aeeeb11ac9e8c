// SPDX-License-Identifier: MIT OR Apache-2.0
// Where a step runs: in a thread, in a signal's handler, within another step, in a child of a fork,
// beside others.
#pragma once

#include "processes.h"

// A step, perhaps in a handler, perhaps interrupted by another one.
struct job {
    bool in_handler;
    step_function* outer;
    const void* outer_data;
    unsigned instructions;  // after which `inner` runs; 0: it does not
    step_function* inner;
    const void* inner_data;
};

static void run_outer(const void* data) {
    const struct job* const job = data;
    job->outer(job->outer_data);
}

static void run_here(const struct job* job) {
    t_trap.left = job->instructions;
    t_trap.step = job->inner;
    t_trap.data = job->inner_data;
    if (job->in_handler) {
        t_raised.step = run_outer;
        t_raised.data = job;
        raise(HANDLER_SIGNAL);
    } else {
        run_outer(job);
    }
    const bool was_interrupted = job->instructions != 0 && t_trap.left == 0;
    t_trap.left = 0;
    if (was_interrupted && is_quiet())
        for (unsigned i = 0; i < kSlots + kMailboxes; i++)
            if (g_objects[i].start != NULL) verify_overlaps(&g_objects[i]);
}

// ---- threads -----------------------------------------------------------------------------------
// Number 0 is the main one. The others wait for what they are given, and are started when they are
// needed.

static struct worker {
    bool is_running;
    pthread_t thread;
    sem_t go, done;
    step_function* step;  // null: end
    const void* data;
} g_workers[kThreads];

static void wait_on(sem_t* semaphore) {
    while (sem_wait(semaphore) != 0) {
    }
}

static void* work(void* self) {
    struct worker* const worker = self;
    for (;;) {
        wait_on(&worker->go);
        if (worker->step == NULL) return NULL;
        worker->step(worker->data);
        sem_post(&worker->done);
    }
}

static void start_worker(struct worker* worker) {
    if (worker->is_running) return;
    struct rlimit space;
    getrlimit(RLIMIT_AS, &space);
    const struct rlimit any = {RLIM_INFINITY, space.rlim_max};
    sem_init(&worker->go, 0, 0);
    sem_init(&worker->done, 0, 0);
    setrlimit(RLIMIT_AS, &any);  // what is refused is refused to Emma
    const int error = pthread_create(&worker->thread, NULL, work, worker);
    setrlimit(RLIMIT_AS, &space);
    if (error != 0) fail("pthread_create: %s", strerror(error));
    worker->is_running = true;
}
static void give(unsigned thread, step_function* step, const void* data) {
    struct worker* const worker = &g_workers[thread];
    start_worker(worker);
    worker->step = step;
    worker->data = data;
    sem_post(&worker->go);
}

// The thread ends, with or without a word to Emma; its number's next step starts another.
static void detach_first(const void* none) {
    (void)none;
    emma_thread_detach();
}
static void do_end_thread(size_t thread, size_t says_so) {
    struct worker* const worker = &g_workers[thread % kThreads];
    if (worker == g_workers || !worker->is_running) return;
    if (says_so != 0) {
        give((unsigned)(thread % kThreads), detach_first, NULL);
        wait_on(&worker->done);
    }
    worker->step = NULL;
    sem_post(&worker->go);
    pthread_join(worker->thread, NULL);
    worker->is_running = false;
}
static void start_workers(void) {
    for (unsigned i = 1; i < kThreads; i++) start_worker(&g_workers[i]);
}

static void run_job(const void* job) { run_here(job); }

static void run_in(unsigned thread, const struct job* job) {
    if (thread == 0) return run_here(job);
    give(thread, run_job, job);
    wait_on(&g_workers[thread].done);
}

// As printed cases call it.
UNUSED static void run(unsigned thread, bool in_handler, step_function* outer,
                       unsigned instructions, step_function* inner) {
    const struct job job = {in_handler, outer, NULL, instructions, inner, NULL};
    run_in(thread, &job);
}

// ---- a thread that is stopped ------------------------------------------------------------------
// In the middle of its step, after so many instructions of Emma's; the others go on meanwhile.

static sem_t g_stopped, g_resumed;
static bool g_has_stopped;
static unsigned g_parked_thread;

static void stop_here(const void* none) {
    (void)none;
    g_has_stopped = true;
    sem_post(&g_stopped);
    wait_on(&g_resumed);
}
static void run_parked(const void* job) {
    run_here(job);
    if (!g_has_stopped) sem_post(&g_stopped);  // it was shorter
}

static void park_job(unsigned thread, const struct job* job) {
    sem_init(&g_stopped, 0, 0);
    sem_init(&g_resumed, 0, 0);
    g_has_stopped = false;
    g_parked = true;
    g_parked_thread = thread;
    give(thread, run_parked, job);
    wait_on(&g_stopped);
}
static void resume(void) {
    if (g_has_stopped) sem_post(&g_resumed);
    wait_on(&g_workers[g_parked_thread].done);
    g_parked = false;
    for (unsigned i = 0; i < kSlots + kMailboxes; i++)
        if (g_objects[i].start != NULL) verify_overlaps(&g_objects[i]);
}
UNUSED static void park(unsigned thread, step_function* step, unsigned instructions) {
    static struct job job;
    job = (struct job){false, step, NULL, instructions, stop_here, NULL};
    park_job(thread, &job);
}

// ---- phases: all threads at once ---------------------------------------------------------------
// Each has slots and crowds of its own (number modulo kThreads); objects wander through the
// mailboxes.

static void on_timer(int number) {
    (void)number;
    const int error = errno;
    unsigned char* object[3];
    for (unsigned i = 0; i < 3; i++) {
        object[i] = emma_malloc(20 + 700 * i);
        if (object[i] != NULL) memset(object[i], 7, 20);
    }
    for (unsigned i = 0; i < 3; i++)
        if (object[i] != NULL && object[i][19] != 7) fail("an object of a handler has changed");
    for (unsigned i = 0; i < 3; i++) emma_free(object[i]);
    errno = error;
}
static void set_timer(long microseconds) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_timer;
    action.sa_flags = SA_RESTART;
    sigaction(SIGPROF, &action, NULL);
    const struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_PROF, &timer, NULL);
}

// `interval`: microseconds between signals in whose handlers all threads allocate; 0: none.
static void run_phase(long interval, step_function* const steps[kThreads],
                      const void* const data[kThreads]) {
    start_workers();
    g_phase = true;
    if (interval != 0) set_timer(interval);
    for (unsigned i = 1; i < kThreads; i++) give(i, steps[i], data[i]);
    steps[0](data[0]);
    for (unsigned i = 1; i < kThreads; i++) wait_on(&g_workers[i].done);
    if (interval != 0) set_timer(0);
    g_phase = false;
    do_verify();
}
UNUSED static void phase(long interval, step_function* a, step_function* b, step_function* c,
                         step_function* d) {
    step_function* const steps[kThreads] = {a, b, c, d};
    const void* const data[kThreads] = {NULL, NULL, NULL, NULL};
    run_phase(interval, steps, data);
}

// ---- children ----------------------------------------------------------------------------------
// The child has a copy of all, and no thread but one.

// True in the child. The parent waits until it has ended.
static bool begin_child(void) {
    const pid_t child = fork_or_fail();
    if (child != 0) {
        expect_success(wait_for_child(child));
        return false;
    }
    start_child();
    memset(g_workers, 0, sizeof g_workers);
    for (unsigned h = 1; h < kHeaps; h++) {
        if (g_heaps[h].kind != kShared) continue;
        forget_heap(h);  // what the child does there, its parent would not know
        g_heaps[h].heap = NULL;
    }
    return true;
}
_Noreturn static void end_child(void) {
    do_verify();
    leave_child(0);
}

// ---- the whole ---------------------------------------------------------------------------------

static void begin_world(void) {
    reset_model();
    install_handlers();
    start_workers();
    if (strcmp(emma_version(), EMMA_VERSION_TEXT) != 0)
        fail("the library is version %s", emma_version());
}

// With nothing alive a quarter of what a heap may use can be had in one piece.
static void verify_capacity(const struct heap* h) {
    const size_t most =
        h->limit_bytes == 0 || (h->kind == kRegion && h->region_bytes < h->limit_bytes)
            ? h->region_bytes
            : h->limit_bytes;
    if (h->heap == NULL || h->killed_count != 0 || most < 1 << 19) return;
    if (h->kind == kFunctions || h->kind == kShared) return;
    void* const object = emma_heap_alloc(h->heap, most / 4, 16);
    if (object == NULL) fail("an empty heap of %zu bytes has no %zu", most, most / 4);
    emma_heap_free(h->heap, object);
}

static void free_everything(void) {
    for (unsigned i = 0; i < kSlots + kMailboxes; i++) end_object(&g_objects[i], false);
    for (unsigned c = 0; c < kCrowds; c++) do_thin(c, 1, 0);
    for (unsigned h = 1; h < kHeaps; h++) {
        verify_capacity(&g_heaps[h]);
        do_destroy(h);
    }
}

// All is freed and given back.
static void end_world(void) {
    do_space(0);
    do_verify();
    free_everything();
    emma_trim();
    do_verify();
    struct emma_stats stats;
    emma_stats(&stats);
    const size_t bound = (stats.heaps + 4) << 18;
    if (stats.mapped_bytes > bound)
        fail("with nothing alive %zu bytes are mapped in %zu heaps", stats.mapped_bytes,
             stats.heaps);
}

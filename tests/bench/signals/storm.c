// SPDX-License-Identifier: MIT OR Apache-2.0
// A storm over whatever malloc the program finds: four threads allocate, resize and free, and
// verify what their objects contain.
//
//   storm handler SECONDS SEED   a timer's signals strike every thread; the handler allocates too
//   storm fork SECONDS SEED      the main thread forks; the child allocates and frees
//   storm raw-fork SECONDS SEED  the same by the system call: the libc and the allocator know
//                                nothing of it
//
// Prints how often the storm struck. Exits with 0, or 3: contents differ, 4: a child hangs, 5: a
// child was killed by a signal, 6: null without need, 2: usage or the system. A crash is a crash;
// run looks at the rest.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kThreads = 4, kShared = 256, kKept = 100, kChildSeconds = 3 };

struct object {
    size_t size;
    uint64_t tag;
    uint64_t seal;  // of both
    unsigned char bytes[];
};

static struct object* shared[kShared];  // a place changes hands by one exchange
static struct object* kept[kKept];      // only children look at them
static int may_stop;
static uint64_t struck;

struct worker {
    uint64_t random, handler_random;
    int timer;
    pthread_t thread;
};
static __thread struct worker* self;

static _Noreturn void leave(int status, const char* text) {
    (void)!write(2, text, strlen(text));
    _exit(status);
}

// xorshift64*
static uint64_t below(uint64_t* state, uint64_t limit) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (*state * 2685821657736338717u >> 11) % limit;
}

// ---- objects

static uint64_t seal_of(const struct object* object) {
    return (object->size * 0x9e3779b97f4a7c15u) ^ object->tag ^ 0x5bd1e995;
}

static unsigned char byte_at(uint64_t tag, size_t at) {
    return (unsigned char)((tag * 2654435761u + at * 40503u) >> 13);
}

static size_t some_size(uint64_t* random) {
    const uint64_t kind = below(random, 1000);
    return below(random, kind < 900 ? 300 : kind < 990 ? 5000 : 200000);
}

static void fill(struct object* object, size_t size, uint64_t tag) {
    object->size = size;
    object->tag = tag;
    object->seal = seal_of(object);
    for (size_t at = 0; at < size; at++) object->bytes[at] = byte_at(tag, at);
}

static void verify_part(const struct object* object, size_t size, uint64_t tag) {
    for (size_t at = 0; at < size; at++)
        if (object->bytes[at] != byte_at(tag, at)) leave(3, "contents differ\n");
}

static void verify(const struct object* object) {
    if (object->seal != seal_of(object)) leave(3, "contents differ\n");
    verify_part(object, object->size, object->tag);
}

static struct object* make(uint64_t* random) {
    const size_t size = some_size(random);
    struct object* object = malloc(sizeof *object + size);
    if (object == NULL) leave(6, "malloc returned null\n");
    fill(object, size, below(random, UINT32_MAX));
    return object;
}

static void end(struct object* object) {
    if (object == NULL) return;
    verify(object);
    free(object);
}

static struct object* resize(struct object* object, uint64_t* random) {
    verify(object);
    const size_t old_size = object->size, size = some_size(random);
    const uint64_t tag = object->tag;
    struct object* resized = realloc(object, sizeof *object + size);
    if (resized == NULL) leave(6, "realloc returned null\n");
    verify_part(resized, size < old_size ? size : old_size, tag);
    fill(resized, size, tag + 1);
    return resized;
}

static void operate(uint64_t* random) {
    struct object** place = &shared[below(random, kShared)];
    const uint64_t kind = below(random, 4);
    struct object* object = NULL;
    if (kind == 0) object = __atomic_exchange_n(place, NULL, __ATOMIC_ACQ_REL);
    if (object != NULL) {
        object = resize(object, random);
    } else if (kind != 1) {
        object = make(random);
    }
    end(__atomic_exchange_n(place, object, __ATOMIC_ACQ_REL));
}

// ---- the threads and the signals that strike them

static void arm_timer(struct worker* worker) {
    const long delay = 1000 + (long)below(&worker->handler_random, 60000);
    const struct itimerspec time = {{0, 0}, {0, delay}};
    syscall(SYS_timer_settime, worker->timer, 0, &time, NULL);
}

static void on_signal(int signal) {
    (void)signal;
    for (uint64_t i = below(&self->handler_random, 4); i != 0; i--) operate(&self->handler_random);
    __atomic_fetch_add(&struck, 1, __ATOMIC_RELAXED);
    if (!__atomic_load_n(&may_stop, __ATOMIC_RELAXED)) arm_timer(self);
}

// By the system call, as not every libc has a name for the thread that is to get the signal.
static void make_timer(struct worker* worker) {
    // struct sigevent: value, signal, SIGEV_THREAD_ID, thread.
    const int event[16] = {0, 0, SIGPROF, 4, (int)syscall(SYS_gettid)};
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, event, &worker->timer) != 0)
        leave(2, "no timer\n");
    arm_timer(worker);
}

static int has_signals;

static void* work(void* argument) {
    self = argument;
    if (has_signals) make_timer(self);
    while (!__atomic_load_n(&may_stop, __ATOMIC_RELAXED)) operate(&self->random);
    return NULL;
}

// ---- forks

static _Noreturn void be_child(uint64_t random) {
    alarm(kChildSeconds);
    for (int i = 0; i < kKept; i++) {
        verify(kept[i]);
        if (i % 2 == 0) free(kept[i]);
    }
    for (int i = 0; i < 500; i++) operate(&random);
    for (int i = 1; i < kKept; i += 2) verify(kept[i]);
    _exit(0);
}

static void fork_once(int is_raw, uint64_t random) {
    const pid_t child = is_raw ? (pid_t)syscall(SYS_fork) : fork();
    if (child < 0) leave(2, "no fork\n");
    if (child == 0) be_child(random);
    int status = 0;
    if (waitpid(child, &status, 0) != child) leave(2, "no child\n");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) leave(4, "a child hangs\n");
    if (WIFSIGNALED(status)) leave(5, "a child was killed by a signal\n");
    if (status != 0) _exit(WEXITSTATUS(status));
    struck++;
}

static time_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static void strike(const char* kind, int seconds, uint64_t* random) {
    const time_t last = now() + seconds;
    while (now() < last) {
        if (has_signals) {
            usleep(10000);
        } else {
            fork_once(kind[0] == 'r', below(random, UINT32_MAX) | 1);
        }
    }
}

int main(int argc, char** argv) {
    if (argc != 4) leave(2, "usage: storm handler|fork|raw-fork SECONDS SEED\n");
    has_signals = argv[1][0] == 'h';
    uint64_t random = strtoull(argv[3], NULL, 10) | 1;
    for (int i = 0; i < kKept; i++) kept[i] = make(&random);
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGPROF, &action, NULL);
    static struct worker workers[kThreads];
    for (int i = 0; i < kThreads; i++) {
        workers[i].random = below(&random, UINT32_MAX) | 1;
        workers[i].handler_random = below(&random, UINT32_MAX) | 1;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            leave(2, "no thread\n");
    }
    strike(argv[1], atoi(argv[2]), &random);
    __atomic_store_n(&may_stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < kThreads; i++) pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < kShared; i++) end(shared[i]);
    printf("%llu\n", (unsigned long long)struck);
    return 0;
}

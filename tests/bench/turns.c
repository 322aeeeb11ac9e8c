// SPDX-License-Identifier: MIT OR Apache-2.0
// Allocators in one process, each at work for some milliseconds in turn: what a machine with
// neighbours does to one it does to all, so a hundred turns tell apart what whole programs
// (tests/bench/run) do not. For deciding between two builds of Emma by hand; `make bench-programs`
// builds it.
//
//   turns WORKLOAD OBJECTS TURNS NAME=LIBRARY...
//
//   replace  a set of OBJECTS of 16 to 256 bytes, of which one at random is freed and made anew
//   batch    OBJECTS of 64 bytes are made, then freed in the same order
//   pipe     messages of 16 to 512 bytes, made by one thread and freed by another; at most 3200
//            (OBJECTS says nothing)
//
// Prints for each allocator the lower quartile and the median of its turns, in nanoseconds an
// object, and the first as a ratio to the first allocator's.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

#include "workloads/workload.h"

enum { kMaxPeers = 16, kMaxTurns = 10000, kTurnObjects = 200000, kBatch = 200, kBatches = 16 };

struct peer {
    const char* name;
    void* (*make)(size_t);
    void (*end)(void*);
    uint64_t** objects;
    struct bench_random random;
    double turns[kMaxTurns];
};

static size_t live;
static uint64_t sum;  // of what is read, so that it is

static uint64_t* made(struct peer* peer, size_t bytes) {
    uint64_t* object = bench_not_null(peer->make(bytes));
    *object = bytes;
    return object;
}

static void replace(struct peer* peer) {
    for (size_t i = 0; i < kTurnObjects; i++) {
        uint64_t** object = &peer->objects[bench_below(&peer->random, live)];
        if (*object != NULL) {
            sum += **object;
            peer->end(*object);
        }
        *object = made(peer, 16 + bench_below(&peer->random, 241));
    }
}

static void batch(struct peer* peer) {
    for (size_t done = 0; done < kTurnObjects; done += live) {
        for (size_t i = 0; i < live; i++) peer->objects[i] = made(peer, 64);
        for (size_t i = 0; i < live; i++) {
            sum += *peer->objects[i];
            peer->end(peer->objects[i]);
        }
    }
}

// ---- pipe: the producer is a thread that serves all peers

static uint64_t* ring[kBatches][kBatch];
static struct bench_gate filled, empty = {kBatches, 0}, begun;
static struct peer* producing_for;

static void* produce(void* unused) {
    (void)unused;
    for (;;) {
        bench_wait(&begun);
        struct peer* peer = producing_for;
        if (peer == NULL) return NULL;
        for (size_t done = 0; done < kTurnObjects / kBatch; done++) {
            bench_wait(&empty);
            for (size_t i = 0; i < kBatch; i++) {
                const size_t bytes = 16 + bench_below(&peer->random, 63) * 8;
                uint64_t* message = ring[done % kBatches][i] = made(peer, bytes);
                for (size_t at = 1; at < bytes / 8; at++) message[at] = done + at;
            }
            bench_post(&filled);
        }
    }
}

static void pipe_through(struct peer* peer) {
    producing_for = peer;
    bench_post(&begun);
    for (size_t done = 0; done < kTurnObjects / kBatch; done++) {
        bench_wait(&filled);
        for (size_t i = 0; i < kBatch; i++) {
            uint64_t* message = ring[done % kBatches][i];
            for (size_t at = 0; at < *message / 8; at++) sum += message[at];
            peer->end(message);
        }
        bench_post(&empty);
    }
}

// ---- turns

static const struct {
    const char* name;
    void (*turn)(struct peer*);
} kWorkloads[] = {{"replace", replace}, {"batch", batch}, {"pipe", pipe_through}};

static double nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int is_less(const void* left, const void* right) {
    const double a = *(const double*)left, b = *(const double*)right;
    return (a > b) - (a < b);
}

// With names of its own: those that it refers to itself must not be the program's.
static void load(struct peer* peer, char* argument) {
    char* library = strchr(argument, '=');
    if (library == NULL) bench_fail("NAME=LIBRARY");
    *library++ = '\0';
    void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (handle == NULL) bench_fail(dlerror());
    peer->name = argument;
    *(void**)&peer->make = dlsym(handle, "malloc");
    *(void**)&peer->end = dlsym(handle, "free");
    if (peer->make == NULL || peer->end == NULL) bench_fail("a library without malloc and free");
    peer->objects = bench_calloc(live, sizeof *peer->objects);
    peer->random = bench_seed(live);
}

int main(int argc, char** argv) {
    static struct peer peers[kMaxPeers];
    if (argc < 5 || argc > 4 + kMaxPeers)
        bench_fail("turns WORKLOAD OBJECTS TURNS NAME=LIBRARY...");
    void (*turn)(struct peer*) = NULL;
    for (size_t i = 0; i < sizeof kWorkloads / sizeof *kWorkloads; i++)
        if (strcmp(argv[1], kWorkloads[i].name) == 0) turn = kWorkloads[i].turn;
    live = bench_number(argv[2]);
    const size_t turns = bench_number(argv[3]), count = (size_t)argc - 4;
    if (turn == NULL || live == 0 || turns == 0 || turns > kMaxTurns)
        bench_fail("no such workload, or a number that is none");
    for (size_t i = 0; i < count; i++) load(&peers[i], argv[4 + i]);
    const bench_thread producer = bench_start(produce, NULL);

    for (size_t i = 0; i < count; i++) turn(&peers[i]);
    for (size_t number = 0; number < turns; number++)
        for (size_t i = 0; i < count; i++) {
            const double begin = nanoseconds();
            turn(&peers[i]);
            peers[i].turns[number] = (nanoseconds() - begin) / kTurnObjects;
        }
    producing_for = NULL;
    bench_post(&begun);
    bench_join(producer);

    for (size_t i = 0; i < count; i++) {
        qsort(peers[i].turns, turns, sizeof *peers[i].turns, is_less);
        const double quartile = peers[i].turns[turns / 4];
        printf("%-16s %7.2f %7.2f ns  %.3f\n", peers[i].name, quartile, peers[i].turns[turns / 2],
               quartile / peers[0].turns[turns / 4]);
    }
    return sum == 0;
}

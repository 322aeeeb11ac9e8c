// SPDX-License-Identifier: MIT OR Apache-2.0
// Threads that have nothing to do with each other: each allocates a hundred thousand objects of 64
// bytes, frees them, and again. What a thread does is the same for one and for two, so on two free
// cores twice the work should take the same time; 64 threads share the work of two, so they should
// take that of two.

// BENCH: threadtest-1 1 240
// BENCH: threadtest-2 2 240
// BENCH: threadtest-64 64 240
#include "workload.h"

enum { kObjects = 100000, kBytes = 64, kMaxThreads = 64 };

struct worker {
    uint64_t rounds, sum;
    size_t objects;
    bench_thread thread;
};

static void* work(void* argument) {
    struct worker* self = argument;
    uint64_t** objects = bench_malloc(self->objects * sizeof *objects);
    uint64_t sum = 0;
    for (uint64_t round = 0; round < self->rounds; round++) {
        for (size_t i = 0; i < self->objects; i++) {
            objects[i] = bench_malloc(kBytes);
            *objects[i] = i ^ round;
        }
        for (size_t i = 0; i < self->objects; i++) {
            sum += *objects[i];
            free(objects[i]);
        }
    }
    free(objects);
    self->sum = sum;
    return NULL;
}

int main(int argc, char** argv) {
    static struct worker workers[kMaxThreads];
    const size_t threads = bench_argument(argc, argv, 0);
    const uint64_t rounds = bench_rounds(argc, argv, bench_argument(argc, argv, 1));
    if (threads > kMaxThreads) bench_fail("too many threads");
    for (size_t i = 0; i < threads; i++) {
        workers[i].rounds = rounds;
        workers[i].objects = threads <= 2 ? kObjects : kObjects * 2 / threads;
        workers[i].thread = bench_start(work, &workers[i]);
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < threads; i++) {
        bench_join(workers[i].thread);
        sum += workers[i].sum;
    }
    return bench_finish(sum);
}

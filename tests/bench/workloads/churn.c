// SPDX-License-Identifier: MIT OR Apache-2.0
// Thread churn: threads that live for a few hundred allocations. Each allocates, frees half of it
// and leaves the rest for the main thread to read and free after its end. Two are alive at a time.

// BENCH: thread-churn 8000
#include "workload.h"

enum { kObjects = 200, kAlive = 2 };

struct worker {
    uint64_t* objects[kObjects];
    uint64_t seed;
    bench_thread thread;
};

static void* work(void* argument) {
    struct worker* self = argument;
    struct bench_random random = bench_seed(self->seed);
    for (int i = 0; i < kObjects; i++) {
        self->objects[i] = bench_malloc(8 + bench_below(&random, 300));
        *self->objects[i] = bench_next(&random);
    }
    for (int i = 0; i < kObjects; i += 2) {
        free(self->objects[i]);
        self->objects[i] = NULL;
    }
    return NULL;
}

static uint64_t reap(struct worker* worker) {
    uint64_t sum = 0;
    bench_join(worker->thread);
    for (int i = 0; i < kObjects; i++) {
        if (worker->objects[i] == NULL) continue;
        sum = bench_mix(sum, *worker->objects[i]);
        free(worker->objects[i]);
    }
    return sum;
}

int main(int argc, char** argv) {
    static struct worker workers[kAlive];
    const uint64_t threads = bench_rounds(argc, argv, bench_argument(argc, argv, 0));
    uint64_t sum = 0;
    for (uint64_t i = 0; i < threads + kAlive; i++) {
        struct worker* worker = &workers[i % kAlive];
        if (i >= kAlive) sum += reap(worker);
        if (i >= threads) continue;
        worker->seed = i;
        worker->thread = bench_start(work, worker);
    }
    return bench_finish(sum);
}

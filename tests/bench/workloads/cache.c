// SPDX-License-Identifier: MIT OR Apache-2.0
// False sharing. `thrash`: each thread allocates a small object, writes to it many times and frees
// it, again and again; an allocator that hands parts of one cache line to two threads makes them
// fight for it. `scratch`: the main thread allocates the first objects side by side and each thread
// frees the one it is given before it does the same; an allocator that gives that memory to the
// thread that freed it passes the fight on.

// BENCH: cache-thrash 0 2 2000000
// BENCH: cache-scratch 1 2 2000000
#include "workload.h"

enum { kMaxThreads = 64, kBytes = 8, kWrites = 300 };

struct worker {
    char* first;
    uint64_t rounds, sum;
    bench_thread thread;
};

static void* work(void* argument) {
    struct worker* self = argument;
    free(self->first);
    uint64_t sum = 0;
    for (uint64_t round = 0; round < self->rounds; round++) {
        volatile char* object = bench_malloc(kBytes);
        for (int i = 0; i < kBytes; i++) object[i] = (char)round;
        for (int i = 0; i < kWrites; i++) object[i % kBytes]++;
        sum += (unsigned char)object[round % kBytes];
        free((void*)object);
    }
    self->sum = sum;
    return NULL;
}

int main(int argc, char** argv) {
    static struct worker workers[kMaxThreads];
    const int scratch = bench_argument(argc, argv, 0) != 0;
    const size_t threads = bench_argument(argc, argv, 1);
    if (threads > kMaxThreads) bench_fail("too many threads");
    for (size_t i = 0; i < threads; i++) {
        workers[i].rounds = bench_rounds(argc, argv, bench_argument(argc, argv, 2));
        if (scratch) workers[i].first = bench_malloc(kBytes);
    }
    for (size_t i = 0; i < threads; i++) workers[i].thread = bench_start(work, &workers[i]);
    uint64_t sum = 0;
    for (size_t i = 0; i < threads; i++) {
        bench_join(workers[i].thread);
        sum += workers[i].sum;
    }
    return bench_finish(sum);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// A server whose threads die: lanes of live objects in which one at random is freed and allocated
// anew with another size. After some rounds the lane's thread ends and leaves its objects to a new
// one, so most frees are of objects that an earlier thread, by then dead, allocated. Larson and
// Krishnan described such a server in "Memory allocation for long-running server applications"
// (1998).

// BENCH: larson 8 100 20000
#include "workload.h"

enum { kMaxLanes = 64, kObjects = 4000, kMaxBytes = 500 };

struct lane {
    uint64_t* objects[kObjects];
    struct bench_random random;
    uint64_t rounds, generations, sum;
    bench_thread thread;
    int has_thread;
};
static struct lane lanes[kMaxLanes];

static void replace(struct lane* lane) {
    uint64_t** object = &lane->objects[bench_below(&lane->random, kObjects)];
    if (*object != NULL) {
        lane->sum = bench_mix(lane->sum, **object);
        free(*object);
    }
    *object = bench_malloc(8 + bench_below(&lane->random, kMaxBytes - 7));
    **object = bench_next(&lane->random);
}

static void* work(void* argument) {
    struct lane* lane = argument;
    for (uint64_t round = 0; round < lane->rounds; round++) replace(lane);
    return NULL;
}

int main(int argc, char** argv) {
    const size_t count = bench_argument(argc, argv, 0);
    const uint64_t generations = bench_rounds(argc, argv, bench_argument(argc, argv, 1));
    if (count > kMaxLanes) bench_fail("too many lanes");
    for (size_t i = 0; i < count; i++) {
        lanes[i].random = bench_seed(i);
        lanes[i].rounds = bench_argument(argc, argv, 2);
        for (size_t at = 0; at < kObjects; at++) replace(&lanes[i]);
    }
    for (uint64_t generation = 0; generation < generations; generation++) {
        for (size_t i = 0; i < count; i++) {
            if (lanes[i].has_thread) bench_join(lanes[i].thread);
            lanes[i].thread = bench_start(work, &lanes[i]);
            lanes[i].has_thread = 1;
        }
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        bench_join(lanes[i].thread);
        for (size_t at = 0; at < kObjects; at++) {
            if (lanes[i].objects[at] == NULL) continue;
            lanes[i].sum = bench_mix(lanes[i].sum, *lanes[i].objects[at]);
            free(lanes[i].objects[at]);
        }
        sum += lanes[i].sum;
    }
    return bench_finish(sum);
}

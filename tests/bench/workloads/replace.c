// SPDX-License-Identifier: MIT OR Apache-2.0
// Random replacement: a set of live objects of 16 to 256 bytes, of which one at random is freed and
// allocated anew with another size. The set fits the first, the second, the third cache, or none.

// BENCH: replace-l1 100 24000000
// BENCH: replace-l2 4000 16000000
// BENCH: replace-l3 60000 8000000
// BENCH: replace-none 1000000 4000000
#include "workload.h"

int main(int argc, char** argv) {
    const size_t live = bench_argument(argc, argv, 0);
    const uint64_t rounds = bench_rounds(argc, argv, bench_argument(argc, argv, 1));
    uint64_t** objects = bench_calloc(live, sizeof *objects);
    struct bench_random random = bench_seed(live);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < rounds + live; i++) {
        const size_t at = i < live ? i : bench_below(&random, live);
        if (objects[at] != NULL) {
            sum = bench_mix(sum, *objects[at]);
            free(objects[at]);
        }
        objects[at] = bench_malloc(16 + (bench_next(&random) >> 40) % 241);
        *objects[at] = i;
    }
    for (size_t i = 0; i < live; i++) {
        sum += *objects[i];
        free(objects[i]);
    }
    free(objects);
    return bench_finish(sum);
}

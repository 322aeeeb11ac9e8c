// SPDX-License-Identifier: MIT OR Apache-2.0
// Growth by realloc, as vectors and strings do it: 64 arrays at a time. Most are doubled when full
// or grow by half and end at a few hundred bytes to tens of kilobytes, a string in eight grows by
// 16 bytes at a time, and one array in 128 becomes megabytes.

// BENCH: realloc 2200000
#include "workload.h"

enum { kArrays = 64 };

struct array {
    uint64_t* items;
    size_t count, capacity, last;
    int kind;
};

static size_t grown(const struct array* array) {
    switch (array->kind) {
        case 0:
            return array->capacity + 2;
        case 1:
            return array->capacity + array->capacity / 2 + 1;
        default:
            return array->capacity * 2 + 2;
    }
}

static void begin(struct array* array, struct bench_random* random) {
    const uint64_t kind = bench_below(random, 128);
    array->items = NULL;
    array->count = array->capacity = 0;
    array->kind = kind < 16 ? 0 : kind < 64 ? 1 : 2;
    array->last = kind == 127     ? 100000 + bench_below(random, 200000)
                  : kind < 16     ? 20 + bench_below(random, 400)
                  : kind % 8 == 0 ? 1000 + bench_below(random, 6000)
                                  : 10 + bench_below(random, 200);
}

int main(int argc, char** argv) {
    static struct array arrays[kArrays];
    struct bench_random random = bench_seed(3);
    const uint64_t rounds = bench_rounds(argc, argv, bench_argument(argc, argv, 0));
    uint64_t sum = 0;
    for (int i = 0; i < kArrays; i++) begin(&arrays[i], &random);
    for (uint64_t round = 0; round < rounds; round++) {
        struct array* array = &arrays[bench_below(&random, kArrays)];
        // Items come by the dozen, more to those that have many.
        for (size_t more = 12 + array->count / 16; more != 0; more--) {
            if (array->count == array->capacity) {
                array->capacity = grown(array);
                array->items =
                    bench_realloc(array->items, array->capacity * sizeof array->items[0]);
            }
            array->items[array->count++] = round + more;
        }
        if (array->count < array->last) continue;
        for (size_t i = 0; i < array->count; i += 5) sum = bench_mix(sum, array->items[i]);
        free(array->items);
        begin(array, &random);
    }
    for (int i = 0; i < kArrays; i++) {
        sum += arrays[i].count;
        free(arrays[i].items);
    }
    return bench_finish(sum);
}

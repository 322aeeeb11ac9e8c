// SPDX-License-Identifier: MIT OR Apache-2.0
// Large objects: 100 live ones from 4 KiB to 4 MiB (as many between 4 and 8 KiB as between 2 and 4
// MiB), replaced at random; one word in every page is written, and read before it is freed.

// BENCH: large 20000
#include "workload.h"

enum { kObjects = 100, kPage = 4096 };

struct object {
    uint64_t* words;
    size_t bytes;
};

int main(int argc, char** argv) {
    static struct object objects[kObjects];
    struct bench_random random = bench_seed(5);
    const uint64_t rounds = bench_rounds(argc, argv, bench_argument(argc, argv, 0));
    uint64_t sum = 0;
    for (uint64_t round = 0; round < rounds + kObjects; round++) {
        struct object* object = &objects[bench_below(&random, kObjects)];
        for (size_t at = 0; at < object->bytes / 8; at += kPage / 8) sum += object->words[at];
        free(object->words);
        const size_t base = (size_t)kPage << bench_below(&random, 10);
        object->bytes = (base + bench_below(&random, base)) & ~(size_t)7;
        object->words = bench_malloc(object->bytes);
        for (size_t at = 0; at < object->bytes / 8; at += kPage / 8) object->words[at] = round + at;
    }
    for (int i = 0; i < kObjects; i++) free(objects[i].words);
    return bench_finish(sum);
}

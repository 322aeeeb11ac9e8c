// SPDX-License-Identifier: MIT OR Apache-2.0
// Zeroed objects: 300 live ones, replaced at random. Four in five are small (16 bytes to 1 KiB),
// most of the rest up to 32 KiB, one in 200 up to 1 MiB, of which only every fourth page is
// written. Contents are looked at before they are written: what is not zero shows in the checksum.

// BENCH: calloc 2500000
#include "workload.h"

enum { kObjects = 300, kPage = 4096 };

struct object {
    uint64_t* words;
    size_t bytes;
};

static size_t some_size(struct bench_random* random) {
    const uint64_t kind = bench_below(random, 1000);
    if (kind < 800) return 16 + bench_below(random, 1008);
    if (kind < 995) return 1024 + bench_below(random, 31 * 1024);
    return 32 * 1024 + bench_below(random, 992 * 1024);
}

static uint64_t look_and_write(struct object* object, uint64_t value) {
    const size_t step = object->bytes > 32 * 1024 ? 4 * kPage / 8 : 8;
    uint64_t sum = 0;
    for (size_t at = 0; at < object->bytes / 8; at += step) {
        sum |= object->words[at];
        object->words[at] = value;
    }
    return sum;
}

int main(int argc, char** argv) {
    static struct object objects[kObjects];
    struct bench_random random = bench_seed(4);
    const uint64_t rounds = bench_rounds(argc, argv, bench_argument(argc, argv, 0));
    uint64_t sum = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        struct object* object = &objects[bench_below(&random, kObjects)];
        free(object->words);
        object->bytes = some_size(&random);
        object->words = bench_calloc(object->bytes / 8, 8);
        sum = bench_mix(sum + object->bytes, look_and_write(object, round | 1));
    }
    for (int i = 0; i < kObjects; i++) free(objects[i].words);
    return bench_finish(sum);
}

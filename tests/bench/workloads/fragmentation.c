// SPDX-License-Identifier: MIT OR Apache-2.0
// A long mixed trace: phases, each with a favourite range of sizes and a mixture of short, middle
// and long lives, around 40 MiB alive; at the end of a phase most of what is left dies, and some
// lives on for ever among what comes. Prints resident over live memory, in per cent, when most was
// alive, at the worst moment of the second half, and when but a tenth is left (`final`, after a
// little more work). Time is that of an allocator under fragmentation; memory is what this is
// about.

// BENCH: fragmentation 24
#include "workload.h"

enum { kSlots = 400000, kPhases = 12, kSteps = 150000 };
static const uint64_t kLive = UINT64_C(40) << 20;

static struct object {
    unsigned char* bytes;
    uint32_t size;
} objects[kSlots];
static uint64_t live, resident_at_start;
static struct bench_random dice;

static void drop(size_t at) {
    if (objects[at].bytes == NULL) return;
    live -= objects[at].size;
    free(objects[at].bytes);
    objects[at].bytes = NULL;
}

static void make(size_t at, size_t size) {
    drop(at);
    objects[at].bytes = bench_malloc(size);
    objects[at].size = (uint32_t)size;
    live += size;
    for (size_t i = 0; i < size; i += 512) objects[at].bytes[i] = (unsigned char)(at + i);
    objects[at].bytes[size - 1] = (unsigned char)at;
}

// Around the phase's favourite, with a tail to 100 KiB.
static size_t some_size(size_t favourite) {
    const uint64_t kind = bench_below(&dice, 1000);
    if (kind < 700) return favourite / 2 + bench_below(&dice, favourite);
    if (kind < 990) return 16 + bench_below(&dice, 500);
    if (kind < 999) return 1000 + bench_below(&dice, 8000);
    return 8000 + bench_below(&dice, 92000);
}

static uint64_t percent_of_live(void) {
    return (bench_resident() - resident_at_start) * 100 / (live == 0 ? 1 : live);
}

int main(int argc, char** argv) {
    static const size_t favourites[kPhases] = {24,  200, 64,  1500, 40,   500,
                                               100, 32,  300, 48,   3000, 80};
    const uint64_t phases = bench_rounds(argc, argv, bench_argument(argc, argv, 0));
    uint64_t most_live = 0, at_most = 0, worst = 0, sum = 0;
    dice = bench_seed(7);
    memset(objects, 1, sizeof objects);
    memset(objects, 0, sizeof objects);
    resident_at_start = bench_resident();
    for (uint64_t phase = 0; phase < phases; phase++) {
        const size_t favourite = favourites[phase % kPhases];
        for (uint64_t step = 0; step < kSteps; step++) {
            // A twentieth of the places is hot and holds what lives shortly.
            const int is_short = bench_below(&dice, 10) < 6;
            make(is_short ? bench_below(&dice, kSlots / 20)
                          : kSlots / 20 + bench_below(&dice, kSlots - kSlots / 20),
                 some_size(favourite));
            while (live > kLive) drop(bench_below(&dice, kSlots));
            if (step % 10000 != 0) continue;
            const uint64_t percent = percent_of_live();
            if (live > most_live) most_live = live, at_most = percent;
            if (phase >= phases / 2 && live > kLive / 8 && percent > worst) worst = percent;
        }
        // The end of a phase: nine in ten die, unless they are among those that stay.
        for (size_t at = 0; at < kSlots; at++) {
            if (objects[at].bytes != NULL) sum = bench_mix(sum, objects[at].bytes[0]);
            if (at % 16 != 0 && bench_below(&dice, 10) != 0) drop(at);
        }
    }
    for (int i = 0; i < 20000; i++) {
        make(kSlots - 1, 100);
        drop(kSlots - 1);
    }
    bench_print("at-peak%", at_most);
    bench_print("worst%", worst);
    bench_print("final%", percent_of_live());
    for (size_t at = 0; at < kSlots; at++) drop(at);
    return bench_finish(bench_mix(sum, live));
}

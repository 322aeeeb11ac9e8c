// SPDX-License-Identifier: MIT OR Apache-2.0
// Producer and consumer: one thread allocates messages of 16 to 512 bytes and writes them, the
// other reads and frees them. They hand over batches of 200 and at most 16 batches are on the way.

// BENCH: producer-consumer 30000
#include "workload.h"

enum { kBatch = 200, kBatches = 16 };

struct message {
    size_t bytes;
    uint64_t words[];
};
static struct message* ring[kBatches][kBatch];
static struct bench_gate filled, empty = {kBatches, 0};
static uint64_t batches;

static void* produce(void* unused) {
    (void)unused;
    struct bench_random random = bench_seed(1);
    for (uint64_t batch = 0; batch < batches; batch++) {
        bench_wait(&empty);
        for (size_t i = 0; i < kBatch; i++) {
            const size_t bytes = 16 + bench_below(&random, 63) * 8;
            struct message* message = bench_malloc(bytes);
            message->bytes = bytes - sizeof *message;
            for (size_t at = 0; at < message->bytes / 8; at++) message->words[at] = batch + at;
            ring[batch % kBatches][i] = message;
        }
        bench_post(&filled);
    }
    return NULL;
}

int main(int argc, char** argv) {
    batches = bench_rounds(argc, argv, bench_argument(argc, argv, 0));
    const bench_thread producer = bench_start(produce, NULL);
    uint64_t sum = 0;
    for (uint64_t batch = 0; batch < batches; batch++) {
        bench_wait(&filled);
        for (size_t i = 0; i < kBatch; i++) {
            struct message* message = ring[batch % kBatches][i];
            for (size_t at = 0; at < message->bytes / 8; at++) sum += message->words[at];
            free(message);
        }
        bench_post(&empty);
    }
    bench_join(producer);
    return bench_finish(sum);
}

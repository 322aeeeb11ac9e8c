// SPDX-License-Identifier: MIT OR Apache-2.0
// Programs by chance. Each one prefers some operations and some sizes, as what is rare on the
// average comes often in some programs so.
#pragma once

#include "program.h"

static unsigned long long next_seed(unsigned long long seed) {
    seed += 0x9e3779b97f4a7c15u;
    seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9u;
    seed = (seed ^ seed >> 27) * 0x94d049bb133111ebu;
    return (seed ^ seed >> 31) >> 16;  // short enough to be typed
}

enum contexts { kAnyContext, kFewContexts, kInterrupted, kContexts };

struct generator {
    unsigned long long state;
    unsigned left_out;    // operations that this program has not, a bit each
    unsigned sizes[4];    // its sizes, or with
    bool has_few_ranges;  // only their high bits
    bool has_few_sizes;
    enum contexts contexts;
};

static unsigned chance(struct generator* g, unsigned bound) {
    g->state = g->state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((g->state >> 33) % bound);
}

static void choose_size(struct generator* g, unsigned char* record) {
    const unsigned size = g->sizes[chance(g, 4)];
    if (g->has_few_ranges) record[5] = (unsigned char)((record[5] & 15) | (size >> 8 & 0xf0));
    if (!g->has_few_sizes) return;
    record[4] = (unsigned char)size;
    record[5] = (unsigned char)(size >> 8);
}

static void make_random_record(struct generator* g, unsigned char* record) {
    for (unsigned i = 0; i < kRecordBytes; i++) record[i] = (unsigned char)chance(g, 256);
    while (g->left_out >> op_from(record[0]) & 1) record[0] = (unsigned char)chance(g, 256);
    if (g->contexts == kFewContexts && chance(g, 8) != 0) record[1] = 0;
    if (g->contexts == kInterrupted && chance(g, 8) != 0)
        record[1] = (unsigned char)((record[1] & 0xc0) | 0x30);
    choose_size(g, record);
}

static size_t make_random(unsigned char* bytes, unsigned long long seed) {
    struct generator g = {.state = seed};
    chance(&g, 2);
    for (unsigned op = kResize; op < kOps; op++)
        if (op != kFree && chance(&g, 3) == 0) g.left_out |= 1u << op;
    const unsigned sizes = chance(&g, 4);
    g.has_few_ranges = sizes == 1;
    g.has_few_sizes = sizes > 1;
    g.contexts = (enum contexts)chance(&g, kContexts);
    for (unsigned i = 0; i < 4; i++) g.sizes[i] = chance(&g, sizes == 3 ? 1 << 10 : 1 << 16);
    const unsigned records = 10 + chance(&g, 1u << (4 + chance(&g, 8)));
    const unsigned count = records < kMaxSteps ? records : kMaxSteps;
    for (unsigned i = 0; i < count; i++) make_random_record(&g, bytes + (size_t)i * kRecordBytes);
    return (size_t)count * kRecordBytes;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Fifty threads, each with a map from names to big numbers that grow, are multiplied and dropped,
// and with a mailbox to which the others send vectors of strings. A vector is shared: it goes to
// several threads and is freed, strings and all, by whoever drops the last reference.

// BENCH: chaos 50 16000
#include "workload.h"

enum { kMaxThreads = 64, kBuckets = 64, kReceivers = 3 };

// ---- big numbers: limbs of 32 bits, least significant first

struct number {
    size_t length, capacity;
    uint32_t limbs[];
};

static struct number* make_number(uint32_t value) {
    struct number* number = bench_malloc(sizeof *number + 2 * sizeof number->limbs[0]);
    number->length = 1;
    number->capacity = 2;
    number->limbs[0] = value;
    return number;
}

static struct number* push_limb(struct number* number, uint32_t limb) {
    if (number->length == number->capacity) {
        number->capacity += number->capacity / 2 + 1;
        number = bench_realloc(number, sizeof *number + number->capacity * sizeof number->limbs[0]);
    }
    number->limbs[number->length++] = limb;
    return number;
}

static struct number* times_small(struct number* number, uint32_t factor, uint32_t carry) {
    uint64_t sum = carry;
    for (size_t i = 0; i < number->length; i++) {
        sum += (uint64_t)number->limbs[i] * factor;
        number->limbs[i] = (uint32_t)sum;
        sum >>= 32;
    }
    return sum == 0 ? number : push_limb(number, (uint32_t)sum);
}

static struct number* times(const struct number* one, const struct number* two) {
    const size_t length = one->length + two->length;
    struct number* product = bench_calloc(1, sizeof *product + length * sizeof product->limbs[0]);
    product->capacity = length;
    for (size_t i = 0; i < one->length; i++) {
        uint64_t sum = 0;
        for (size_t j = 0; j < two->length; j++) {
            sum += product->limbs[i + j] + (uint64_t)one->limbs[i] * two->limbs[j];
            product->limbs[i + j] = (uint32_t)sum;
            sum >>= 32;
        }
        product->limbs[i + two->length] = (uint32_t)sum;
    }
    product->length = product->limbs[length - 1] == 0 ? length - 1 : length;
    return product;
}

static uint64_t number_hash(const struct number* number) {
    return bench_hash(number->limbs, number->length * sizeof number->limbs[0]);
}

// ---- the map of a thread

struct entry {
    struct entry* next;
    char* name;
    struct number* number;
};

static char* some_name(struct bench_random* random) {
    const size_t length = 4 + bench_below(random, 28);
    char* name = bench_malloc(length + 1);
    for (size_t i = 0; i < length; i++) name[i] = 'a';
    name[0] = (char)('a' + bench_below(random, 16));
    name[1] = (char)('a' + bench_below(random, 16));
    name[length] = 0;
    return name;
}

static int is_same(const char* one, const char* two) {
    const size_t length = strlen(one);
    return length == strlen(two) && memcmp(one, two, length) == 0;
}

static struct entry** find(struct entry** map, const char* name) {
    struct entry** at = &map[bench_hash(name, strlen(name)) % kBuckets];
    while (*at != NULL && !is_same((*at)->name, name)) at = &(*at)->next;
    return at;
}

static uint64_t drop_entry(struct entry** at) {
    struct entry* entry = *at;
    const uint64_t hash = number_hash(entry->number);
    *at = entry->next;
    free(entry->name);
    free(entry->number);
    free(entry);
    return hash;
}

static uint64_t change_map(struct entry** map, struct bench_random* random) {
    char* name = some_name(random);
    struct entry** at = find(map, name);
    uint64_t hash = 0;
    if (*at == NULL) {
        struct entry* entry = bench_malloc(sizeof *entry);
        *entry = (struct entry){NULL, name, make_number((uint32_t)bench_next(random) | 1)};
        *at = entry;
        return hash;
    }
    struct number** number = &(*at)->number;
    if ((*number)->length > 40) {
        hash = drop_entry(at);
    } else if (bench_below(random, 4) == 0) {
        struct number* square = times(*number, *number);
        free(*number);
        *number = square;
    } else {
        *number = times_small(*number, (uint32_t)bench_next(random) | 1, 7);
    }
    free(name);
    return hash;
}

// ---- messages

struct strings {
    int64_t references;
    size_t count;
    char** strings;
};
struct message {
    struct message* next;
    struct strings* strings;
};
struct worker {
    struct message* mailbox __attribute__((aligned(64)));  // a stack; its owner takes all of it
    struct bench_random random __attribute__((aligned(64)));
    uint64_t rounds, sum;
    bench_thread thread;
};
static struct worker workers[kMaxThreads];
static size_t threads;
static struct bench_gate gate;  // closed until all threads are there

static void drop_strings(struct strings* strings) {
    if (__atomic_sub_fetch(&strings->references, 1, __ATOMIC_ACQ_REL) != 0) return;
    for (size_t i = 0; i < strings->count; i++) free(strings->strings[i]);
    free(strings->strings);
    free(strings);
}

static void send(struct worker* self) {
    struct strings* strings = bench_malloc(sizeof *strings);
    strings->references = kReceivers;
    strings->count = 1 + bench_below(&self->random, 8);
    strings->strings = bench_malloc(strings->count * sizeof *strings->strings);
    for (size_t i = 0; i < strings->count; i++) strings->strings[i] = some_name(&self->random);
    for (int i = 0; i < kReceivers; i++) {
        struct message** mailbox = &workers[bench_below(&self->random, threads)].mailbox;
        struct message* message = bench_malloc(sizeof *message);
        message->strings = strings;
        message->next = __atomic_load_n(mailbox, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(mailbox, &message->next, message, 1, __ATOMIC_RELEASE,
                                            __ATOMIC_RELAXED)) {
        }
    }
}

// What a message adds does not depend on who reads it when.
static void receive(struct worker* self) {
    struct message* message = __atomic_exchange_n(&self->mailbox, NULL, __ATOMIC_ACQUIRE);
    while (message != NULL) {
        struct message* next = message->next;
        for (size_t i = 0; i < message->strings->count; i++) {
            const char* text = message->strings->strings[i];
            self->sum += bench_hash(text, strlen(text));
        }
        drop_strings(message->strings);
        free(message);
        message = next;
    }
}

static void* work(void* argument) {
    struct worker* self = argument;
    struct entry* map[kBuckets] = {NULL};
    bench_wait(&gate);
    for (uint64_t round = 0; round < self->rounds; round++) {
        self->sum += change_map(map, &self->random);
        if (round % 8 == 0) send(self);
        receive(self);
    }
    for (size_t i = 0; i < kBuckets; i++)
        while (map[i] != NULL) self->sum += drop_entry(&map[i]);
    return NULL;
}

int main(int argc, char** argv) {
    threads = bench_argument(argc, argv, 0);
    if (threads > kMaxThreads) bench_fail("too many threads");
    for (size_t i = 0; i < threads; i++) {
        workers[i].random = bench_seed(i);
        workers[i].rounds = bench_rounds(argc, argv, bench_argument(argc, argv, 1));
    }
    for (size_t i = 0; i < threads; i++) workers[i].thread = bench_start(work, &workers[i]);
    for (size_t i = 0; i < threads; i++) bench_post(&gate);
    for (size_t i = 0; i < threads; i++) bench_join(workers[i].thread);
    uint64_t sum = 0;
    for (size_t i = 0; i < threads; i++) {
        receive(&workers[i]);
        sum += workers[i].sum;
    }
    return bench_finish(sum);
}

/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * payload: code that a foreign process takes in. It counts the different words of a text and puts
 * them in order, with Emma's malloc. It has no libc, no start code, no thread-local storage and no
 * relocation but those by its own address; libemma.a is built with TLS=0, so that it neither needs
 * nor disturbs the %fs of the thread that calls it.
 */
#include "payload.h"

#include <emma.h>

#define REQUIRE(condition)                               \
    do {                                                 \
        if (!(condition)) return job->failed = __LINE__; \
    } while (0)

struct word {
    struct word* next; /* in its place of the table */
    uint64_t hash;
    size_t length;
    char letters[];
};

struct table {
    struct word** places;
    size_t room;
    size_t count;
};

static int is_letter(char byte) { return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'; }

static int equal(const char* a, const char* b, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (a[i] != b[i]) return 0;
    return 1;
}

static int is_after(const struct word* a, const struct word* b) {
    for (size_t i = 0; i < a->length && i < b->length; i++)
        if (a->letters[i] != b->letters[i]) return a->letters[i] > b->letters[i];
    return a->length > b->length;
}

static int grow(struct table* table, struct payload_job* job) {
    const size_t room = table->room == 0 ? 16 : table->room * 2;
    struct word** const places = emma_calloc(room, sizeof *places);
    REQUIRE(places != NULL);
    for (size_t i = 0; i < table->room; i++) {
        for (struct word* word = table->places[i]; word != NULL;) {
            struct word* const next = word->next;
            word->next = places[word->hash % room];
            places[word->hash % room] = word;
            word = next;
        }
    }
    emma_free(table->places);
    table->places = places;
    table->room = room;
    return 0;
}

static int add(struct table* table, const char* letters, size_t length, struct payload_job* job) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)letters[i]) * 1099511628211u;
    if (table->count == table->room && grow(table, job) != 0) return job->failed;
    struct word** const place = &table->places[hash % table->room];
    for (struct word* word = *place; word != NULL; word = word->next)
        if (word->hash == hash && word->length == length && equal(word->letters, letters, length))
            return 0;
    struct word* const word = emma_malloc(sizeof *word + length);
    REQUIRE(word != NULL);
    word->hash = hash;
    word->length = length;
    for (size_t i = 0; i < length; i++) word->letters[i] = letters[i];
    word->next = *place;
    *place = word;
    table->count++;
    return 0;
}

/* Heap sort, then the words' hashes in order, mixed into one. */
static void sift_down(struct word** words, size_t root, size_t count) {
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && is_after(words[child + 1], words[child])) child++;
        if (!is_after(words[child], words[root])) return;
        struct word* const word = words[root];
        words[root] = words[child];
        words[child] = word;
    }
}

static int finish(struct table* table, struct payload_job* job) {
    struct word** const words = emma_malloc((table->count + 1) * sizeof *words);
    REQUIRE(words != NULL);
    size_t count = 0;
    for (size_t i = 0; i < table->room; i++)
        for (struct word* word = table->places[i]; word != NULL; word = word->next)
            words[count++] = word;
    REQUIRE(count == table->count);
    for (size_t root = count / 2; root-- > 0;) sift_down(words, root, count);
    for (size_t left = count; left-- > 1;) {
        struct word* const word = words[0];
        words[0] = words[left];
        words[left] = word;
        sift_down(words, 0, left);
    }
    for (size_t i = 0; i < count; i++) {
        job->hash = job->hash * 31 + words[i]->hash;
        emma_free(words[i]);
    }
    emma_free(words);
    emma_free(table->places);
    job->distinct = count;
    return 0;
}

__attribute__((visibility("default"))) void payload(struct payload_job* job) {
    struct table table = {NULL, 0, 0};
    struct emma_stats stats;
    job->words = job->distinct = job->hash = 0;
    job->failed = 0;
    for (size_t at = 0; at < job->size;) {
        const size_t start = at;
        while (at < job->size && is_letter(job->text[at])) at++;
        if (at == start) {
            at++;
        } else {
            job->words++;
            if (add(&table, job->text + start, at - start, job) != 0) return;
        }
    }
    if (finish(&table, job) != 0) return;
    emma_stats(&stats);
    job->live_objects = stats.live_objects;
}

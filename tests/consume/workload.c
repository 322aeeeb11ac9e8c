/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the tests of linking run in every kind of program: one source for glibc, musl, the kernel's
 * nolibc.h and no libc at all. Objects of all sizes are made, resized, checked byte by byte and
 * freed, by several threads where the program has them, which also free what another one made.
 * Everything that the standard names yield must be Emma's; with a libc, so must be what the libc
 * allocates for the program or on its own. With WORK_BESIDE it is the other way round: malloc is
 * the libc's, and only the names that begin with emma_ are Emma's. Exit status 0 when all holds,
 * else the number of a line.
 *
 *   WORK_LIBC     a libc with threads          WORK_CRT   libemma_crt.a
 *   WORK_NOLIBC   nolibc.h, no threads         WORK_CXX   workload_cxx.cpp is linked too
 */
#if defined(WORK_LIBC)
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#elif defined(WORK_NOLIBC)
#include "nolibc.h"
#endif
#include <emma.h>
#if defined(WORK_CRT)
#include <emma_crt.h>
void* malloc(size_t size);
void* calloc(size_t count, size_t size);
void* realloc(void* ptr, size_t size);
void* aligned_alloc(size_t alignment, size_t size);
void free(void* ptr);
void* memset(void* to, int byte, size_t count);
#endif

#if defined(WORK_NOLIBC) || defined(WORK_BESIDE)
/* nolibc.h has a malloc of its own, static in this file; beside it Emma has her own names. */
#define MALLOC emma_malloc
#define CALLOC emma_calloc
#define REALLOC emma_realloc
#define ALIGNED emma_aligned_alloc
#define FREE emma_free
#else
#define MALLOC malloc
#define CALLOC calloc
#define REALLOC realloc
#define ALIGNED aligned_alloc
#define FREE free
#endif

#define CHECK(condition)                   \
    do {                                   \
        if (!(condition)) return __LINE__; \
    } while (0)

enum { kThreads = 4, kObjects = 300, kRounds = 4000, kHandedOver = 100 };

typedef struct {
    unsigned seed;
    int failed_line;
    unsigned char* given[kHandedOver]; /* freed by another thread */
} worker;

static unsigned next_random(worker* w) {
    w->seed = w->seed * 1664525u + 1013904223u;
    return w->seed >> 8;
}

static size_t size_of(unsigned random) {
    const unsigned kind = random % 64;
    if (kind == 0) return 200000 + random % 3000000; /* runs and huge objects */
    if (kind < 8) return 1 + random % 30000;
    return 1 + random % 600;
}

static int holds(const unsigned char* object, size_t size, unsigned char byte) {
    for (size_t i = 0; i<size; i += size> 4096 ? 509 : 1)
        if (object[i] != byte) return 0;
    return object[size - 1] == byte;
}

static int work(worker* w) {
    static const size_t alignments[] = {16, 64, 256, 4096};
    unsigned char* objects[kObjects] = {0};
    size_t sizes[kObjects] = {0};
    for (unsigned round = 0; round < kRounds; round++) {
        const unsigned random = next_random(w), at = random % kObjects;
        const unsigned char byte = (unsigned char)(at + 1);
        const size_t size = size_of(next_random(w));
        if (objects[at] != NULL) {
            CHECK(holds(objects[at], sizes[at], byte));
            if (random % 3 != 0) {
                FREE(objects[at]);
                objects[at] = NULL;
                continue;
            }
            const size_t kept = size < sizes[at] ? size : sizes[at];
            objects[at] = REALLOC(objects[at], size);
            CHECK(objects[at] != NULL && holds(objects[at], kept, byte));
        } else if (random % 5 == 0) {
            objects[at] = CALLOC(1, size);
            CHECK(objects[at] != NULL && holds(objects[at], size, 0));
        } else if (random % 7 == 0) {
            const size_t alignment = alignments[random % 4];
            objects[at] = ALIGNED(alignment, (size + alignment - 1) & -alignment);
            CHECK(((size_t)objects[at] & (alignment - 1)) == 0);
        } else {
            objects[at] = MALLOC(size);
        }
        CHECK(objects[at] != NULL && emma_owns(objects[at]));
        sizes[at] = size;
        memset(objects[at], byte, size);
    }
    for (unsigned at = 0; at < kObjects; at++) {
        if (objects[at] == NULL) continue;
        CHECK(holds(objects[at], sizes[at], (unsigned char)(at + 1)));
        FREE(objects[at]);
    }
    for (unsigned i = 0; i < kHandedOver; i++) {
        w->given[i] = MALLOC(100 + i);
        CHECK(w->given[i] != NULL);
        memset(w->given[i], (int)i, 100 + i);
    }
    return 0;
}

static worker workers[kThreads];

#if defined(WORK_LIBC) || defined(WORK_CRT)
static void* start(void* argument) {
    worker* const w = argument;
    w->failed_line = work(w);
    return NULL;
}
#endif

#if defined(WORK_LIBC)
static int run_all(void) {
    pthread_t threads[kThreads];
    for (unsigned i = 0; i < kThreads; i++)
        CHECK(pthread_create(&threads[i], NULL, start, &workers[i]) == 0);
    for (unsigned i = 0; i < kThreads; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    return 0;
}
#elif defined(WORK_CRT)
static int run_all(void) {
    emma_thread* threads[kThreads];
    for (unsigned i = 0; i < kThreads; i++)
        CHECK(emma_thread_create(&threads[i], NULL, start, &workers[i]) == 0);
    for (unsigned i = 0; i < kThreads; i++) CHECK(emma_thread_join(threads[i], NULL) == 0);
    return 0;
}
#else
static int run_all(void) {
    for (unsigned i = 0; i < kThreads; i++) workers[i].failed_line = work(&workers[i]);
    return 0;
}
#endif

#if defined(WORK_LIBC)
#if defined(WORK_BESIDE)
#define IS_RIGHT(object) ((object) != NULL && !emma_owns(object))
#else
#define IS_RIGHT(object) ((object) != NULL && emma_owns(object))
#endif

/* The whole family, and what the libc allocates itself and gives to the program: a libc that used
 * an allocator of its own would free what is not its own, or the other way round. */
static int work_libc(void) {
    void* objects[8] = {0};
    objects[0] = malloc(10);
    objects[1] = calloc(10, 10);
    objects[2] = realloc(malloc(20), 3000);
    objects[3] = aligned_alloc(64, 128);
    CHECK(posix_memalign(&objects[4], 4096, 100) == 0);
    objects[5] = memalign(32, 100);
    objects[6] = valloc(100);
    objects[7] = strdup("a copy");
    for (unsigned i = 0; i < 8; i++) {
        CHECK(IS_RIGHT(objects[i]));
        CHECK(malloc_usable_size(objects[i]) >= 7);
        free(objects[i]);
    }
    errno = 0;
    volatile size_t too_much = (size_t)-4096;
    CHECK(emma_malloc(too_much) == NULL && errno == ENOMEM);
    char* text = NULL;
    CHECK(asprintf(&text, "%d %s", 42, "and more") > 0 && IS_RIGHT(text));
    free(text);
    /* Made by the program, resized by the libc. */
    size_t room = 4;
    char* line = malloc(room);
    FILE* const file = fopen("/proc/self/maps", "r");
    CHECK(line != NULL && file != NULL);
    unsigned lines = 0;
    while (getline(&line, &room, file) > 0) lines++;
    CHECK(lines > 3 && room > 4 && IS_RIGHT(line));
    free(line);
    fclose(file);
    char* built = NULL;
    size_t length = 0;
    FILE* const stream = open_memstream(&built, &length);
    CHECK(stream != NULL);
    for (unsigned i = 0; i < 5000; i++) fprintf(stream, "%u,", i);
    fclose(stream);
    CHECK(length == 23890 && strlen(built) == length && IS_RIGHT(built));
    free(built);
    CHECK(setenv("EMMA_WORKLOAD", "value", 1) == 0 &&
          strcmp(getenv("EMMA_WORKLOAD"), "value") == 0);
    /* A child allocates, starts a thread, and ends by exit(). */
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        pthread_t thread;
        worker* const own = calloc(1, sizeof *own);
        if (own == NULL || pthread_create(&thread, NULL, start, own) != 0) _exit(2);
        pthread_join(thread, NULL);
        exit(own->failed_line != 0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    return 0;
}
#endif

#if defined(WORK_CXX)
int work_cxx(void);
#endif

static int run(void) {
    for (unsigned i = 0; i < kThreads; i++) workers[i].seed = i + 7;
    const int line = run_all();
    if (line != 0) return line;
    for (unsigned i = 0; i < kThreads; i++) {
        if (workers[i].failed_line != 0) return workers[i].failed_line;
        for (unsigned n = 0; n < kHandedOver; n++) {
            CHECK(holds(workers[i].given[n], 100 + n, (unsigned char)n));
            FREE(workers[i].given[n]);
        }
    }
#if defined(WORK_LIBC)
    const int libc_line = work_libc();
    if (libc_line != 0) return libc_line;
#endif
#if defined(WORK_CXX)
    const int cxx_line = work_cxx();
    if (cxx_line != 0) return cxx_line;
#endif
    CHECK(emma_check(NULL, NULL) == 0);
    struct emma_stats stats;
    emma_stats(&stats);
    CHECK(stats.mapped_bytes > 0);
    return 0;
}

#if defined(WORK_NOLIBC)
__attribute__((used)) /* its start calls main in assembly, which no optimiser of whole programs sees
                       */
#endif
                      int
                      main(void) {
    const int line = run();
#if defined(WORK_LIBC)
    if (line != 0) fprintf(stderr, "workload: line %d\n", line);
#endif
    return line == 0 ? 0 : 1 + line % 100;
}

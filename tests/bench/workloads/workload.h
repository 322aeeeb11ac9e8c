/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the workloads of `make bench` share: threads, gates to wait at, random numbers, the result.
 * Every workload is one C file that calls malloc, calloc, realloc and free by their standard names
 * and is built three times: for the host's libc (allocators are preloaded), for musl, and with
 * emma-cc without a libc. Nothing here allocates, except that a libc does when a thread starts.
 *
 * A workload does a fixed amount of work, `bench_rounds` of it, and prints a checksum of what it
 * computed that depends on nothing but that: two allocators that disagree are both reported. A line
 * `// BENCH: name arguments` in a workload's source makes a row of the tables.
 */
#ifndef TESTS_BENCH_WORKLOADS_WORKLOAD_H
#define TESTS_BENCH_WORKLOADS_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#ifdef BENCH_NO_LIBC
#include <emma_crt.h>
#define bench_syscall emma_syscall
typedef emma_thread* bench_thread;
#else
#include <pthread.h>
#include <unistd.h>
#define bench_syscall syscall
typedef pthread_t bench_thread;
#endif

/* ---- the end, good or bad */

static inline void bench_write(int descriptor, const char* text, size_t length) {
    (void)!bench_syscall(SYS_write, (long)descriptor, text, length);
}
static inline void bench_fail(const char* text) {
    bench_write(2, text, strlen(text));
    bench_write(2, "\n", 1);
    for (;;) bench_syscall(SYS_exit_group, 1L);
}
/* "name number\n" on the standard output, in one write. */
static inline void bench_print(const char* name, uint64_t number) {
    char line[100];
    size_t at = sizeof line, length = strlen(name);
    line[--at] = '\n';
    do {
        line[--at] = (char)('0' + number % 10);
    } while (number /= 10);
    line[--at] = ' ';
    if (length > at) bench_fail("a name is too long");
    at -= length;
    memcpy(line + at, name, length);
    bench_write(1, line + at, sizeof line - at);
}
static inline int bench_finish(uint64_t checksum) {
    bench_print("checksum", checksum);
    return 0;
}

static inline void* bench_not_null(void* object) {
    if (object == NULL) bench_fail("out of memory");
    return object;
}
static inline void* bench_malloc(size_t size) { return bench_not_null(malloc(size)); }
static inline void* bench_calloc(size_t count, size_t size) {
    return bench_not_null(calloc(count, size));
}
static inline void* bench_realloc(void* object, size_t size) {
    return bench_not_null(realloc(object, size));
}

/* ---- how much to do */

static inline uint64_t bench_number(const char* digit) {
    uint64_t value = 0;
    for (; *digit >= '0' && *digit <= '9'; digit++) value = value * 10 + (uint64_t)(*digit - '0');
    return value;
}
/* The arguments are the share of the work to do, in per cent, then those of the BENCH line. */
static inline uint64_t bench_rounds(int argc, char** argv, uint64_t rounds) {
    const uint64_t percent = argc > 1 ? bench_number(argv[1]) : 100;
    const uint64_t scaled = rounds * percent / 100;
    return scaled == 0 ? 1 : scaled;
}
static inline uint64_t bench_argument(int argc, char** argv, int index) {
    if (index + 2 >= argc) bench_fail("an argument is missing: see the BENCH line");
    return bench_number(argv[index + 2]);
}

/* ---- random numbers (xorshift64*) and hashes */

struct bench_random {
    uint64_t state;
};
static inline struct bench_random bench_seed(uint64_t seed) {
    const struct bench_random random = {(seed + 1) * 0x9e3779b97f4a7c15u};
    return random;
}
static inline uint64_t bench_next(struct bench_random* random) {
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * 2685821657736338717u;
}
/* Below a limit of at most 32 bits, without a division. */
static inline uint64_t bench_below(struct bench_random* random, uint64_t limit) {
    return (bench_next(random) >> 32) * limit >> 32;
}
static inline uint64_t bench_mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9fb21c651e98df25u;
    return hash ^ hash >> 29;
}
static inline uint64_t bench_hash(const void* bytes, size_t size) {
    const unsigned char* byte = (const unsigned char*)bytes;
    uint64_t hash = size;
    for (size_t at = 0; at < size; at++) hash = bench_mix(hash, byte[at]);
    return hash;
}

/* ---- threads, and gates for them to wait at (futexes: the same code with and without a libc) */

static inline bench_thread bench_start(void* (*function)(void*), void* argument) {
    bench_thread thread;
#ifdef BENCH_NO_LIBC
    if (emma_thread_create(&thread, NULL, function, argument) != 0) bench_fail("no thread");
#else
    if (pthread_create(&thread, NULL, function, argument) != 0) bench_fail("no thread");
#endif
    return thread;
}
static inline void bench_join(bench_thread thread) {
#ifdef BENCH_NO_LIBC
    emma_thread_join(thread, NULL);
#else
    pthread_join(thread, NULL);
#endif
}

/* A counting semaphore. */
struct bench_gate {
    int32_t count, waiting;
};
static inline void bench_post(struct bench_gate* gate) {
    __atomic_fetch_add(&gate->count, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&gate->waiting, __ATOMIC_SEQ_CST) > 0)
        bench_syscall(SYS_futex, &gate->count, 129L /* WAKE_PRIVATE */, 1L, NULL, NULL, 0L);
}
static inline void bench_wait(struct bench_gate* gate) {
    int32_t count = __atomic_load_n(&gate->count, __ATOMIC_SEQ_CST);
    for (;;) {
        while (count > 0)
            if (__atomic_compare_exchange_n(&gate->count, &count, count - 1, 0, __ATOMIC_SEQ_CST,
                                            __ATOMIC_SEQ_CST))
                return;
        __atomic_fetch_add(&gate->waiting, 1, __ATOMIC_SEQ_CST);
        bench_syscall(SYS_futex, &gate->count, 128L /* WAIT_PRIVATE */, 0L, NULL, NULL, 0L);
        __atomic_fetch_sub(&gate->waiting, 1, __ATOMIC_SEQ_CST);
        count = __atomic_load_n(&gate->count, __ATOMIC_SEQ_CST);
    }
}

/* ---- resident memory of this process, in bytes */

static inline uint64_t bench_resident(void) {
    char text[200];
    const long descriptor =
        bench_syscall(SYS_openat, -100L /* AT_FDCWD */, "/proc/self/statm", 0L, 0L);
    const long length = bench_syscall(SYS_read, descriptor, text, (long)sizeof text - 1);
    bench_syscall(SYS_close, descriptor);
    if (length <= 0) bench_fail("no /proc/self/statm");
    text[length] = 0;
    const char* at = text;
    while (*at != ' ' && *at != 0) at++;
    return bench_number(at + 1) * 4096;
}

#endif

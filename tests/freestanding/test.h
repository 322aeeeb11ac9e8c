/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the tests without a libc share: checks that say where they failed, output, a random number
 * generator with a seed, contents that can be verified. C11 and C++20. With TEST_HOST_LIBC defined
 * the same on top of the host's libc. Allocates nothing.
 */
#ifndef TESTS_FREESTANDING_TEST_H
#define TESTS_FREESTANDING_TEST_H

#include <stddef.h>
#include <stdint.h>

#ifdef TEST_HOST_LIBC
#include <stdlib.h>
#include <unistd.h>
static inline void test_write(const char* text, size_t length) { (void)!write(2, text, length); }
#define test_exit _exit
#else
#include <emma_crt.h>
static inline void test_write(const char* text, size_t length) {
    emma_syscall(1, 2L, text, length); /* write(2) on x86-64 */
}
static inline void test_exit(int status) {
    for (;;) emma_syscall(231, (long)status); /* exit_group(2) on x86-64 */
}
#endif

static inline void test_print(const char* text) {
    size_t length = 0;
    while (text[length]) length++;
    test_write(text, length);
}

static inline void test_print_number(uint64_t value) {
    char digits[21];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
    } while (value /= 10);
    test_write(digits + at, sizeof digits - at);
}

/* Prints "text number\n". */
static inline void test_report(const char* text, uint64_t number) {
    test_print(text);
    test_print(" ");
    test_print_number(number);
    test_print("\n");
}

static inline void test_failed(const char* file, int line, const char* condition) {
    test_print(file);
    test_print(":");
    test_print_number((uint64_t)line);
    test_print(": not so: ");
    test_print(condition);
    test_print("\n");
    test_exit(1);
}

/* Ends the program with status 1 and a line that says where, when `condition` does not hold. */
#define CHECK(condition) ((condition) ? (void)0 : test_failed(__FILE__, __LINE__, #condition))

/* The value, hidden from the compiler: it may neither fold nor warn about what is made of it. */
static inline size_t test_opaque(size_t value) {
    __asm__ volatile("" : "+r"(value));
    return value;
}
static inline void* test_opaque_pointer(void* pointer) {
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

/* xorshift64*: small, and every seed but 0 is good. */
struct test_random {
    uint64_t state;
};
static inline uint64_t test_next(struct test_random* random) {
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * 2685821657736338717u;
}
static inline uint64_t test_below(struct test_random* random, uint64_t limit) {
    return (test_next(random) >> 11) % limit;
}

/* Fills an object with bytes made of a tag and the position, and checks that they are still there.
 * Long objects are written at both ends and at one place in every page. */
static inline unsigned char test_byte(uint64_t tag, size_t at) {
    return (unsigned char)((tag * 2654435761u + at * 40503u) >> 13);
}
static inline size_t test_step(size_t at, size_t size) {
    return at < 256 || at + 256 >= size ? 1 : at + 4096 + 256 < size ? 4096 : size - 256 - at;
}
static inline void test_fill(void* object, size_t size, uint64_t tag) {
    unsigned char* bytes = (unsigned char*)object;
    for (size_t at = 0; at < size; at += test_step(at, size)) bytes[at] = test_byte(tag, at);
}
static inline int test_verify(const void* object, size_t size, uint64_t tag) {
    const unsigned char* bytes = (const unsigned char*)object;
    for (size_t at = 0; at < size; at += test_step(at, size))
        if (bytes[at] != test_byte(tag, at)) return 0;
    return 1;
}
/* For contents that a resize kept only in part: those of the first `kept` bytes of `size`. */
static inline int test_verify_part(const void* object, size_t size, size_t kept, uint64_t tag) {
    const unsigned char* bytes = (const unsigned char*)object;
    for (size_t at = 0; at < size; at += test_step(at, size))
        if (at < kept && bytes[at] != test_byte(tag, at)) return 0;
    return 1;
}
static inline int test_is_zero(const void* object, size_t size) {
    typedef uint64_t __attribute__((may_alias)) word;
    const word* words = (const word*)object;
    const unsigned char* bytes = (const unsigned char*)object;
    for (size_t at = 0; at < size / 8; at++)
        if (words[at] != 0) return 0;
    for (size_t at = size / 8 * 8; at < size; at++)
        if (bytes[at] != 0) return 0;
    return 1;
}

/* A number from the command line, in decimal; `fallback` where there is none. */
static inline uint64_t test_argument(int argc, char** argv, int index, uint64_t fallback) {
    if (index >= argc) return fallback;
    uint64_t value = 0;
    for (const char* digit = argv[index]; *digit >= '0' && *digit <= '9'; digit++)
        value = value * 10 + (uint64_t)(*digit - '0');
    return value;
}

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
// The memory functions against loops that a child could check: every length to 270 and
// some to 560 at every alignment, every overlap, bytes beside the operands untouched, operands that
// end at a page's end. TEST-FLAGS: -fno-builtin TEST-LIMIT: 60
#include "tests/freestanding/test.h"

void* memcpy(void* to, const void* from, size_t n);
void* memmove(void* to, const void* from, size_t n);
void* memset(void* to, int byte, size_t n);
int memcmp(const void* left, const void* right, size_t n);
int bcmp(const void* left, const void* right, size_t n);
size_t strlen(const char* string);
void* memchr(const void* from, int byte, size_t n);

enum { kMost = 560, kRoom = 2048 };
static unsigned char source[kRoom], target[kRoom], expected[kRoom];

static void fill_pattern(unsigned char* bytes, unsigned seed) {
    for (size_t at = 0; at < kRoom; at++) bytes[at] = test_byte(seed, at);
}

static int same(const unsigned char* left, const unsigned char* right, size_t n) {
    for (size_t at = 0; at < n; at++)
        if (left[at] != right[at]) return 0;
    return 1;
}

static void check_copy(size_t to, size_t from, size_t n) {
    fill_pattern(target, 2);
    fill_pattern(expected, 2);
    for (size_t at = 0; at < n; at++) expected[to + at] = source[from + at];
    CHECK(memcpy(target + to, source + from, n) == target + to);
    CHECK(same(target, expected, kRoom));
}

static void check_move(size_t to, size_t from, size_t n) {
    fill_pattern(target, 3);
    fill_pattern(expected, 3);
    for (size_t at = 0; at < n; at++) expected[to + at] = target[from + at];
    CHECK(memmove(target + to, target + from, n) == target + to);
    CHECK(same(target, expected, kRoom));
}

static void check_set(size_t to, size_t n) {
    fill_pattern(target, 4);
    fill_pattern(expected, 4);
    for (size_t at = 0; at < n; at++) expected[to + at] = 0xa5;
    CHECK(memset(target + to, 0x7a5, n) == target + to);
    CHECK(same(target, expected, kRoom));
}

static int sign(int value) { return (value > 0) - (value < 0); }

static void check_compare(size_t left, size_t right, size_t n) {
    for (size_t at = 0; at < n; at++) target[left + at] = expected[right + at] = source[at];
    target[left + n] = 1;
    expected[right + n] = 2;
    CHECK(memcmp(target + left, expected + right, n) == 0);
    CHECK(bcmp(target + left, expected + right, n) == 0);
    for (size_t at = 0; at < n; at += 1 + at / 16) {
        const unsigned char kept = target[left + at];
        target[left + at] = (unsigned char)(kept + 131);
        target[left + n - 1] ^= at + 1 < n ? 0x40 : 0; /* a later difference decides nothing */
        const int order = target[left + at] < kept ? -1 : 1;
        CHECK(sign(memcmp(target + left, expected + right, n)) == order);
        CHECK(sign(memcmp(expected + right, target + left, n)) == -order);
        CHECK(bcmp(target + left, expected + right, n) != 0);
        target[left + at] = kept;
        target[left + n - 1] = source[n - 1];
    }
}

/* Nothing beyond a page's end is read or written. */
static void check_page_end(void) {
    unsigned char* pages = (unsigned char*)emma_syscall(9, 0L, 8192L, 3L, 0x22L, -1L, 0L);
    CHECK(emma_syscall(11, pages + 4096, 4096L) == 0);
    unsigned char* end = pages + 4096;
    for (size_t n = 0; n <= kMost; n++) {
        memset(end - n, 7, n);
        memcpy(target, end - n, n);
        memmove(end - n, target, n);
        CHECK(memcmp(target, end - n, n) == 0);
        if (n == 0) continue;
        end[-1] = 0;
        CHECK(strlen((char*)end - n) == n - 1);
    }
    CHECK(emma_syscall(11, pages, 4096L) == 0);
}

/* Wherever a string or a searched range begins and ends on the last page that there is, or on the
 * one before: the byte is found, or not, and bytes before, behind or beyond the page count for
 * nothing. */
static void check_search(void) {
    unsigned char* pages = (unsigned char*)emma_syscall(9, 0L, 16384L, 3L, 0x22L, -1L, 0L);
    CHECK(emma_syscall(11, pages + 12288, 4096L) == 0 && emma_syscall(11, pages, 4096L) == 0);
    unsigned char* const end = pages + 12288;
    memset(pages + 4096, 1, 8192);
    for (size_t start = 1; start <= 8192; start += 1 + (start % 4096 > 300) * 37) {
        unsigned char* const from = end - start;
        CHECK(memchr(from, 2, start) == 0 && memchr(from, 2, 0) == 0);
        if (start < 8192) from[-1] = 2;
        for (size_t at = 0; at < start && at < 700; at += 1 + (at > 160) * 13) {
            from[at] = 2;
            CHECK(memchr(from, 0x302, start) == from + at);
            CHECK(memchr(from, 2, test_opaque((size_t)-1)) ==
                  from + at); /* the end is beyond all memory */
            CHECK(memchr(from, 2, at + 1) == from + at && memchr(from, 2, at) == 0);
            from[at] = 0;
            CHECK(strlen((char*)from) == at);
            from[at] = 1;
        }
        if (start < 8192) from[-1] = 1;
    }
    CHECK(emma_syscall(11, pages + 4096, 8192L) == 0);
}

static void check_large(void) {
    static unsigned char big[300000];
    for (size_t n = 301; n < 140000; n = n * 3 / 2 + 7) {
        for (size_t at = 0; at < sizeof big; at++) big[at] = test_byte(n, at);
        memmove(big + 100, big + 33, n);
        for (size_t at = 0; at < n; at++) CHECK(big[100 + at] == test_byte(n, 33 + at));
        memmove(big + 7, big + 100, n);
        for (size_t at = 0; at < n; at++) CHECK(big[7 + at] == test_byte(n, 33 + at));
        memcpy(big + 145003, big + 7, n);
        CHECK(memcmp(big + 145003, big + 7, n) == 0);
        big[145003 + n - 1] ^= 1;
        CHECK(memcmp(big + 145003, big + 7, n) != 0);
        memset(big + 5, 9, n);
        for (size_t at = 0; at < n; at++) CHECK(big[5 + at] == 9);
        big[5 + n] = 0;
        CHECK(strlen((char*)big + 5) == n);
    }
}

int main(void) {
    fill_pattern(source, 1);
    for (size_t n = 0; n <= kMost; n += 1 + (n > 270) * 10) {
        for (size_t offset = 0; offset < 17; offset++) {
            check_copy(64 + offset, 64 + (offset * 7) % 16, n);
            check_set(64 + offset, n);
            for (size_t at = 0; at < n; at++) target[offset + at] = 1;
            target[offset + n] = 0;
            CHECK(strlen((char*)target + offset) == n);
        }
        /* Every distance between the operands that makes them overlap, and some that do not. */
        for (size_t distance = 0; distance <= n + 2; distance += 1 + (distance > 20) * 5) {
            check_move(70, 70 + distance, n);
            check_move(70 + distance, 70, n);
        }
        if (n % 3 == 0 || n < 70) check_compare(n % 16, (n / 16) % 16, n);
    }
    check_page_end();
    check_search();
    check_large();
    return 0;
}

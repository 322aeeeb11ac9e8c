// SPDX-License-Identifier: MIT OR Apache-2.0
// The string functions of crt/string/ against loops that a child could check: strings that end at a
// page's end, behind which nothing is mapped, at every alignment; every function of C23's
// <string.h>, and the others that headers and compilers name. Prototypes are the host's.
// TEST-FLAGS: -fno-builtin -D_GNU_SOURCE -w
#include "tests/freestanding/test.h"

#include <emma.h>
#include <string.h>
#include <strings.h>

void* memset_explicit(void* to, int byte, size_t n);
size_t strlcpy(char* to, const char* from, size_t room);
size_t strlcat(char* to, const char* from, size_t room);

enum { kPage = 4096, kLongest = 70 };

// Three pages, of which the middle one alone is mapped.
static char* page_alone(void) {
    char* pages = (char*)emma_syscall(9, 0L, 3L * kPage, 0L, 0x22L, -1L, 0L);
    CHECK(emma_syscall(10, pages + kPage, (long)kPage, 3L) == 0);
    return pages + kPage;
}

static char* left_page;
static char* right_page;

// A string of `n` bytes of a few letters that ends where the page does.
static struct test_random random = {0x5eed};
static char* at_end(char* page, size_t n, unsigned letters) {
    char* string = page + kPage - n - 1;
    for (size_t at = 0; at < n; at++) string[at] = (char)('a' + test_next(&random) % letters);
    string[n] = 0;
    return string;
}

static int sign(int value) { return (value > 0) - (value < 0); }

static size_t length(const char* string) {
    size_t n = 0;
    while (string[n]) n++;
    return n;
}

static int same(const char* left, const char* right, size_t n) {
    for (size_t at = 0; at < n; at++)
        if (left[at] != right[at]) return 0;
    return 1;
}

static int order(const char* left, const char* right, size_t n) {
    for (size_t at = 0; at < n; at++) {
        if (left[at] != right[at])
            return (unsigned char)left[at] < (unsigned char)right[at] ? -1 : 1;
        if (!left[at]) return 0;
    }
    return 0;
}

static const char* find(const char* string, size_t n, const char* part, size_t part_n) {
    for (size_t at = 0; at + part_n <= n; at++)
        if (same(string + at, part, part_n)) return string + at;
    return 0;
}

static void check_search(const char* string, size_t n) {
    for (int byte = 'a' - 1; byte < 'g'; byte++) {
        const char* first = 0;
        const char* last = 0;
        for (size_t at = 0; at < n; at++) {
            if (string[at] != byte) continue;
            if (!first) first = string + at;
            last = string + at;
        }
        CHECK(strchr(string, byte) == first && index(string, byte + 256) == first);
        CHECK(strrchr(string, byte) == last && rindex(string, byte) == last);
        CHECK(strchrnul(string, byte) == (first ? first : string + n));
        CHECK(memchr(string, byte, n) == first && memrchr(string, byte, n) == last);
        if (!first) continue;
        CHECK(rawmemchr(string, byte) == first && memchr(string, byte, (size_t)-1 >> 1) == first);
    }
    CHECK(strchr(string, 0) == string + n && strrchr(string, 256) == string + n);
    const char* const sets[] = {"", "a", "bc", "abc", "xyz", "gfedcba", "\xff\x80"};
    for (size_t set = 0; set < sizeof sets / sizeof *sets; set++) {
        size_t in = 0, out = 0;
        while (string[in] && find(sets[set], length(sets[set]), string + in, 1)) in++;
        while (string[out] && !find(sets[set], length(sets[set]), string + out, 1)) out++;
        CHECK(strspn(string, sets[set]) == in && strcspn(string, sets[set]) == out);
        CHECK(strpbrk(string, sets[set]) == (string[out] ? string + out : 0));
    }
}

static void check_copies(const char* string, size_t n) {
    for (size_t room = n > 3 ? n - 3 : 0; room < n + 4; room++) {
        const size_t taken = room < n ? room : n;
        char* to = right_page + kPage - room;
        memset(right_page, 'x', kPage);
        CHECK(strncpy(to, string, room) == to && same(to, string, taken));
        for (size_t at = n; at < room; at++) CHECK(to[at] == 0);
        CHECK(stpncpy(to, string, room) == to + taken && to[-1] == 'x');
        memset(right_page, 'x', kPage);
        CHECK(strlcpy(to, string, room) == n && to[-1] == 'x');
        if (room)
            CHECK(same(to, string, room - 1 < n ? room - 1 : n) &&
                  to[room - 1 < n ? room - 1 : n] == 0);
        CHECK(strxfrm(to, string, room) == n && strnlen(string, room) == taken);
        CHECK(memccpy(to, string, 0, room < n + 1 ? room : n + 1) == (room > n ? to + n + 1 : 0));
        CHECK(mempcpy(to, string, taken) == to + taken && same(to, string, taken));
        if (room <= n) continue;
        CHECK(strcpy(to, string) == to && same(to, string, n + 1));
        CHECK(stpcpy(to, string) == to + n && same(to, string, n + 1));
        to -= 5;
        memcpy(to, "left", 5);
        CHECK(strcat(to, string) == to && same(to, "left", 4) && same(to + 4, string, n + 1));
        to[4] = 0;
        CHECK(strncat(to, string, n / 2) == to && length(to) == 4 + n / 2 &&
              same(to + 4, string, n / 2));
        to[4] = 0;
        CHECK(strlcat(to, string, 4 + n / 2 + 1) == 4 + n && length(to) == 4 + n / 2);
        CHECK(strlcat(to, string, 2) == 2 + n);
    }
    char* copy = strdup(string);
    CHECK(emma_owns(copy) && same(copy, string, n + 1));
    emma_free(copy);
    copy = strndup(string, n / 2);
    CHECK(emma_owns(copy) && length(copy) == n / 2 && same(copy, string, n / 2));
    emma_free(copy);
}

static void check_compare(char* left, size_t n, char* right, size_t m) {
    memcpy(right, left, n < m ? n : m);
    for (int change = 0; change < 3; change++) {
        if (change && m) right[test_next(&random) % m] ^= change == 1 ? 0x20 : 0x80;
        CHECK(sign(strcmp(left, right)) == order(left, right, (size_t)-1));
        CHECK(sign(strcoll(left, right)) == order(left, right, (size_t)-1));
        CHECK(sign(strncmp(left, right, m)) == order(left, right, m));
        CHECK(strncmp(left, right, 0) == 0);
        if (change == 1) CHECK((strcasecmp(left, right) == 0) == (n == m));
        if (change == 1) CHECK(strncasecmp(left, right, n < m ? n : m) == 0);
    }
}

static void check_parts(void) {
    for (unsigned round = 0; round < 4000; round++) {
        const unsigned letters = 1 + round % 3;
        const size_t n = test_next(&random) % kLongest,
                     m = test_next(&random) % (round % 5 ? 6 : 30);
        const char* string = at_end(left_page, n, letters);
        const char* part = at_end(right_page, m, letters);
        CHECK(strstr(string, part) == find(string, n, part, m));
        CHECK(memmem(string, n, part, m) == find(string, n, part, m));
        CHECK(strcasestr(string, part) == find(string, n, part, m));
    }
    // The naive way takes 10^10 steps for this.
    static char as[200001];
    memset(as, 'a', sizeof as - 1);
    static char part[100001];
    memset(part, 'a', sizeof part - 1);
    part[50000] = 'b';
    CHECK(strstr(as, part) == 0);
    part[50000] = 'a';
    CHECK(strstr(as, part) == as);
}

static void check_tokens(void) {
    char text[] = ",,one, two,,three,";
    CHECK(same(strtok(text, ", "), "one", 4) && same(strtok(0, ", "), "two", 4));
    CHECK(same(strtok(0, ","), "three", 6) && strtok(0, ",") == 0 && strtok(0, ",") == 0);
    char other[] = "a:b", *rest = 0;
    CHECK(same(strtok_r(other, ":", &rest), "a", 2) && same(strtok_r(0, ":", &rest), "b", 2));
    CHECK(strtok_r(0, ":", &rest) == 0);
    char third[] = "a::b", *next = third;
    CHECK(same(strsep(&next, ":"), "a", 2) && *strsep(&next, ":") == 0 &&
          same(strsep(&next, ":"), "b", 2));
    CHECK(strsep(&next, ":") == 0);
}

static void check_rest(void) {
    char bytes[20];
    memset(bytes, 'x', sizeof bytes);
    CHECK(memset_explicit(bytes + 1, 'y', 3) == bytes + 1 && same(bytes, "xyyyx", 5));
    explicit_bzero(bytes + 2, 1);
    bzero(bytes + 3, 1);
    CHECK(same(bytes, "xy\0\0x", 5));
    bcopy(bytes, bytes + 1, 4);
    CHECK(same(bytes, "xxy\0\0", 5));
    CHECK(same(strerror(2), "No such file or directory", 26) && same(strerror(0), "No error", 8));
    CHECK(same(strerror(133), "Memory page has hardware error", 31));
    const int unknown[] = {-1, 41, 58, 134, 100000, -2147483647 - 1};
    for (size_t at = 0; at < sizeof unknown / sizeof *unknown; at++)
        CHECK(same(strerror(unknown[at]), "Unknown error", 14));
}

int main(void) {
    left_page = page_alone();
    right_page = page_alone();
    for (size_t n = 0; n < kLongest; n++) {
        char* string = at_end(left_page, n, 6);
        check_search(string, n);
        check_copies(string, n);
        for (size_t m = n > 2 ? n - 2 : 0; m < n + 3; m++)
            check_compare(at_end(left_page, n, 6), n, at_end(right_page, m, 6), m);
    }
    check_parts();
    check_tokens();
    check_rest();
    return 0;
}

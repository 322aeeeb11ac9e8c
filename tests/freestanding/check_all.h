// SPDX-License-Identifier: MIT OR Apache-2.0
// The last word of tests without a libc: every invariant of the default instance, or of a heap of
// one's own, holds. What does not is printed, a line each, before the program ends with status 1.
#ifndef TESTS_FREESTANDING_CHECK_ALL_H
#define TESTS_FREESTANDING_CHECK_ALL_H

#include "tests/freestanding/test.h"

#include <emma.h>

inline void test_write_finding(void*, const char* text, size_t length) { test_write(text, length); }

inline void test_check_all() { CHECK(emma_check(test_write_finding, nullptr) == 0); }

inline void test_check_heap(emma_heap* heap) {
    CHECK(emma_heap_check(heap, test_write_finding, nullptr) == 0);
}

#endif

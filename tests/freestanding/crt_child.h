/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * For tests of how a process ends: runs a function in a child process and reports the child's wait
 * status and what it wrote to descriptors 1 and 2. Raw fork, so the child is the calling thread
 * alone.
 */
#ifndef TESTS_FREESTANDING_CRT_CHILD_H
#define TESTS_FREESTANDING_CRT_CHILD_H

#include "tests/freestanding/test.h"

enum { kSignalIll = 4, kSignalSegv = 11 };

struct child_end {
    int exited;        /* 1: by exit, 0: by a signal */
    int value;         /* the exit status or the signal's number */
    char output[1024]; /* ends in 0 */
};

static inline struct child_end run_child(void (*body)(void)) {
    struct child_end end = {0, 0, {0}};
    int ends[2];
    CHECK(emma_syscall(22, ends) == 0); /* pipe */
    long child = emma_syscall(57);      /* fork */
    CHECK(child >= 0);
    if (child == 0) {
        long no_core[2] = {0, 0};
        emma_syscall(160, 4L, no_core); /* setrlimit RLIMIT_CORE */
        emma_syscall(33, (long)ends[1], 1L);
        emma_syscall(33, (long)ends[1], 2L); /* dup2 */
        body();
        test_exit(99); /* no body comes back here on purpose */
    }
    emma_syscall(3, (long)ends[1]);
    size_t length = 0;
    long got;
    while (length < sizeof end.output - 1 &&
           (got = emma_syscall(0, (long)ends[0], end.output + length,
                               (long)(sizeof end.output - 1 - length))) > 0) {
        length += (size_t)got;
    }
    end.output[length] = 0;
    emma_syscall(3, (long)ends[0]);
    int status = 0;
    CHECK(emma_syscall(61, child, &status, 0L, 0L) == child); /* wait4 */
    end.exited = (status & 0x7f) == 0;
    end.value = end.exited ? (status >> 8) & 0xff : status & 0x7f;
    return end;
}

/* Does the text start with these words? (QEMU adds lines of its own about signals.) */
static inline int starts_with(const char* text, const char* words) {
    while (*words != 0 && *text == *words) ++text, ++words;
    return *words == 0;
}

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
// Programs in processes of their own; and a failing one made as short and simple as it can be.
#pragma once

#include "program.h"

#include <time.h>

enum { kMaxProgramBytes = kMaxSteps * kRecordBytes, kProgramSeconds = 60, kMinimiseSeconds = 60 };

struct program {
    unsigned char bytes[kMaxProgramBytes];
    size_t size;
};

// The status that waitpid gives. `is_quiet`: what it says is not shown.
static int run_in_child(const struct program* program, bool says_nothing) {
    fflush(NULL);
    const pid_t child = fork_or_fail();
    if (child != 0) return wait_for_child(child);
    start_child();
    alarm(kProgramSeconds);
    if (says_nothing && freopen("/dev/null", "w", stderr) == NULL) _exit(0);
    run_program(program->bytes, program->size);
    leave_child(0);
}

// Whether one of some runs ends as the first one did.
static bool still_fails(const struct program* program, int status, unsigned tries) {
    for (unsigned i = 0; i < tries; i++)
        if (run_in_child(program, true) == status) return true;
    return false;
}

// How often a program has to be run until it fails: 1 where it always does; 0: it does not.
static unsigned tries_for(const struct program* program, int status) {
    unsigned failures = 0;
    for (unsigned i = 0; i < 10; i++) failures += run_in_child(program, true) == status;
    return failures == 0 ? 0 : failures == 10 ? 1 : 30 / failures;
}

static bool without(const struct program* from, size_t begin, size_t bytes, struct program* to) {
    if (begin >= from->size) return false;
    if (bytes > from->size - begin) bytes = from->size - begin;
    memcpy(to->bytes, from->bytes, begin);
    memcpy(to->bytes + begin, from->bytes + begin + bytes, from->size - begin - bytes);
    to->size = from->size - bytes;
    return true;
}

static bool is_time_up(time_t begun) { return time(NULL) - begun > kMinimiseSeconds; }

// Leaves out records, halves first, single ones in the end.
static void drop_records(struct program* program, int status, unsigned tries, time_t begun) {
    static struct program shorter;
    size_t chunk = program->size / kRecordBytes / 2 * kRecordBytes;
    for (; chunk >= kRecordBytes; chunk = chunk / kRecordBytes / 2 * kRecordBytes)
        for (size_t at = 0; at < program->size && !is_time_up(begun);) {
            if (without(program, at, chunk, &shorter) && still_fails(&shorter, status, tries)) {
                *program = shorter;
            } else {
                at += chunk;
            }
        }
}

// No context, small sizes, if it fails so too.
static void simplify_records(struct program* program, int status, unsigned tries, time_t begun) {
    static const unsigned kBytesToClear[] = {1, 6, 5, 4, 3};
    for (size_t at = 0; at + kRecordBytes <= program->size; at += kRecordBytes)
        for (unsigned i = 0; i < 5 && !is_time_up(begun); i++) {
            unsigned char* const byte = &program->bytes[at + kBytesToClear[i]];
            const unsigned char before = *byte;
            *byte = 0;
            if (before != 0 && !still_fails(program, status, tries)) *byte = before;
        }
}

// False: it did not fail again.
static bool minimise(struct program* program, int status) {
    const time_t begun = time(NULL);
    const unsigned tries = tries_for(program, status);
    if (tries == 0) return false;
    drop_records(program, status, tries, begun);
    simplify_records(program, status, tries, begun);
    drop_records(program, status, tries, begun);
    return true;
}

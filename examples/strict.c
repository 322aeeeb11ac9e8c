/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * strict: sorts the lines of standard input in a program that has given up every system call but
 * read, write, exit and sigreturn (SECCOMP_MODE_STRICT).
 *
 * The lesson: emma_reserve gets the memory ahead, emma_seal ends the allocator's own system calls,
 * and from then on malloc, realloc and free work without any, or return null. What the program did
 * not need before it read its input it cannot do afterwards, whatever the input is. The end is
 * exit(2) of the only thread: strict mode kills for exit_group, by which main's return would end
 * the process.
 *
 *   emma-cc -O2 strict.c -o strict && ./strict <words.txt
 *
 * Exit status: 0; 1, the input needs more than was reserved; 77, this system has no seccomp.
 */
#include <emma.h>
#include <emma_crt.h>
#include <stdlib.h>
#include <string.h>

enum {
    SYSTEM_READ = 0,
    SYSTEM_WRITE = 1,
    SYSTEM_EXIT = 60,
    SYSTEM_PRCTL = 157,
    PR_SET_SECCOMP = 22,
    SECCOMP_MODE_STRICT = 1,
    NO_SECCOMP = 77
};
#define RESERVED ((size_t)64 << 20)

struct line {
    size_t length;
    char text[];
};

static void write_all(long file, const char* bytes, size_t size) {
    while (size != 0) {
        const long written = emma_syscall(SYSTEM_WRITE, file, bytes, size);
        if (written <= 0) break;
        bytes += written;
        size -= (size_t)written;
    }
}

/* The only way out: no exit handlers, no other threads. */
static _Noreturn void leave(int status, const char* why) {
    if (why != NULL) write_all(2, why, strlen(why));
    for (;;) emma_syscall(SYSTEM_EXIT, (long)status);
}

/* ---- the lines, an object each */

static struct line** lines = NULL;
static size_t line_count = 0, line_room = 0;

static void add_line(const char* text, size_t length) {
    if (line_count == line_room) {
        line_room = line_room == 0 ? 64 : line_room * 2;
        struct line** grown = realloc(lines, line_room * sizeof *lines);
        if (grown == NULL) leave(1, "strict: too many lines for what was reserved\n");
        lines = grown;
    }
    struct line* line = malloc(sizeof *line + length);
    if (line == NULL) leave(1, "strict: too much text for what was reserved\n");
    line->length = length;
    memcpy(line->text, text, length);
    lines[line_count++] = line;
}

static void read_lines(void) {
    size_t room = 65536, used = 0;
    char* buffer = malloc(room);
    if (buffer == NULL) leave(1, "strict: nothing was reserved\n");
    for (;;) {
        const long got = emma_syscall(SYSTEM_READ, 0L, buffer + used, room - used);
        if (got <= 0) break;
        used += (size_t)got;
        size_t start = 0;
        for (size_t at = used - (size_t)got; at < used; at++) {
            if (buffer[at] != '\n') continue;
            add_line(buffer + start, at - start);
            start = at + 1;
        }
        used -= start;
        memmove(buffer, buffer + start, used);
        if (used < room) continue;
        buffer = realloc(buffer, room *= 2);
        if (buffer == NULL) leave(1, "strict: too long a line for what was reserved\n");
    }
    if (used != 0) add_line(buffer, used);
    free(buffer);
}

/* ---- merge sort */

static int is_after(const struct line* a, const struct line* b) {
    const size_t shorter = a->length < b->length ? a->length : b->length;
    const int order = memcmp(a->text, b->text, shorter);
    return order != 0 ? order > 0 : a->length > b->length;
}

static void merge(struct line** to, struct line** left, size_t left_count, struct line** right,
                  size_t right_count) {
    while (left_count != 0 && right_count != 0) {
        if (is_after(*left, *right)) {
            *to++ = *right++;
            right_count--;
        } else {
            *to++ = *left++;
            left_count--;
        }
    }
    while (left_count-- != 0) *to++ = *left++;
    while (right_count-- != 0) *to++ = *right++;
}

static void sort_lines(void) {
    struct line** other = calloc(line_count + 1, sizeof *other);
    if (other == NULL) leave(1, "strict: too many lines for what was reserved\n");
    for (size_t width = 1; width < line_count; width *= 2) {
        for (size_t at = 0; at < line_count; at += 2 * width) {
            const size_t left = line_count - at < width ? line_count - at : width;
            const size_t rest = line_count - at - left;
            merge(other + at, lines + at, left, lines + at + left, rest < width ? rest : width);
        }
        struct line** const sorted = other;
        other = lines;
        lines = sorted;
    }
    free(other);
}

static void print_lines(void) {
    char buffer[4096];
    size_t used = 0;
    for (size_t i = 0; i < line_count; i++) {
        struct line* const line = lines[i];
        if (used + line->length + 1 > sizeof buffer) {
            write_all(1, buffer, used);
            used = 0;
        }
        if (line->length + 1 > sizeof buffer) {
            write_all(1, line->text, line->length);
        } else {
            memcpy(buffer + used, line->text, line->length);
            used += line->length;
        }
        buffer[used++] = '\n';
        free(line);
    }
    write_all(1, buffer, used);
    free(lines);
}

int main(void) {
    if (emma_reserve(RESERVED) != 0) leave(1, "strict: cannot reserve memory\n");
    emma_seal();
    if (emma_syscall(SYSTEM_PRCTL, (long)PR_SET_SECCOMP, (long)SECCOMP_MODE_STRICT, 0L, 0L, 0L) !=
        0)
        leave(NO_SECCOMP, "strict: this system has no seccomp (QEMU's user mode has none)\n");

    read_lines();
    sort_lines();
    print_lines();

    struct emma_stats stats;
    emma_stats(&stats);
    leave(stats.live_objects == 0 ? 0 : 1, NULL);
}

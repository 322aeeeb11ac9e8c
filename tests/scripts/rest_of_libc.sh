#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/rest_of_libc.sh SET: a program takes what Emma lacks from musl's archive behind Emma's
# (crt/README.md): files, printf, numbers, sorting, mathematics, processes, dates; what both have is
# Emma's.
# TEST-LIMIT: 90
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
set=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export EMMA_REAL_CC=gcc
[[ $set == *clang* ]] && EMMA_REAL_CC=clang
cat >rest.c <<'END'
#include <ctype.h>
#include <emma.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define CHECK(condition) \
    if (!(condition)) return __LINE__ % 200 + 1
static jmp_buf place;
static int order(const void* left, const void* right) { return *(const int*)left - *(const int*)right; }
static void at_end(void) { printf("and from atexit, "); }
int main(int argc, char** argv) {
    char text[100];
    snprintf(text, sizeof text, "%.3f %d %s", pow(argc + 1, 0.5), 42, "x");
    CHECK(strcmp(text, "1.414 42 x") == 0);
    CHECK(fopen("/nonexistent", "r") == NULL && errno == ENOENT);
    FILE* file = fopen(argv[0], "rb");
    char* line = NULL;
    size_t room = 0;
    CHECK(file && getline(&line, &room, file) > 0 && emma_owns(line));
    free(line);
    CHECK(fseek(file, 1, SEEK_SET) == 0 && fgetc(file) == 'E' && fclose(file) == 0);
    int numbers[] = {3, 1, 2};
    qsort(numbers, 3, sizeof *numbers, order);
    CHECK(numbers[0] == 1 && numbers[2] == 3);
    CHECK(strtod("1.5e3", NULL) == 1500 && strtol("-0x10", NULL, 0) == -16 && atoi("7") == 7);
    CHECK(setenv("EMMA_TEST", "b", 1) == 0 && strcmp(getenv("EMMA_TEST"), "b") == 0);
    if (setjmp(place) == 0) longjmp(place, 1);
    CHECK(isalpha('x') && toupper('x') == 'X' && fabs(sin(0.5) - 0.479425) < 1e-5);
    char* copy = strdup("kept");
    CHECK(emma_owns(copy));
    free(copy);
    atexit(at_end);
    printf("written at exit ");
    return 0;
}
END
# What of musl reads its thread structure, its copy of the auxiliary vector or its own malloc.
cat >processes.c <<'END'
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#define CHECK(condition) \
    if (!(condition)) return __LINE__ % 200 + 1
static __thread int calls = 7;
static void handle(int signal) { calls += signal == SIGUSR1; }
int main(void) {
    CHECK(signal(SIGUSR1, handle) == SIG_DFL && raise(SIGUSR1) == 0 && calls == 8);
    CHECK(sysconf(_SC_PAGESIZE) == 4096 && getauxval(AT_PAGESZ) == 4096);
    int status;
    pid_t child = fork();
    if (child == 0) exit(calls == 8 && malloc(100) != NULL ? 3 : 4);
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3);
    CHECK(WEXITSTATUS(system("exit 5")) == 5);
    char line[20] = "";
    FILE* pipe = popen("echo text", "r");
    CHECK(pipe && fgets(line, sizeof line, pipe) && strcmp(line, "text\n") == 0 && pclose(pipe) == 0);
    time_t now = time(NULL);
    struct tm parts;
    CHECK(now > 1700000000 && localtime(&now)->tm_year > 100 && gmtime_r(&now, &parts)->tm_year > 100);
    CHECK(strftime(line, sizeof line, "%Y", &parts) == 4 && clock() >= 0);
    wchar_t wide[4];
    mbstate_t state = {0};
    CHECK(mbtowc(wide, "x", 1) == 1 && wide[0] == L'x' && mbrtowc(wide, "y", 1, &state) == 1);
    for (int i = 0; i < 40; i++) atexit(free == NULL ? abort : (void (*)(void))clock);
    return 0;
}
END
failed=0
for flags in "" "-static-pie" "-fuse-ld=lld" "-static-pie -fuse-ld=lld" "-D_FORTIFY_SOURCE=2 -O0" "-fno-builtin"; do
    # shellcheck disable=SC2086
    if ! "$set/bin/emma-cc" -O2 $flags -w -isystem /usr/include/x86_64-linux-musl rest.c -L/usr/lib/x86_64-linux-musl -lm -lc -o rest; then
        failed=1
    elif output=$(timeout 20 ./rest); status=$?; ((status)) || [[ $output != "written at exit and from atexit, " ]]; then
        echo "$flags: status $status, $output"
        failed=1
    fi
    # shellcheck disable=SC2086
    if ! "$set/bin/emma-cc" -O2 $flags -w -isystem /usr/include/x86_64-linux-musl processes.c -L/usr/lib/x86_64-linux-musl -lc -o processes; then
        failed=1
    elif timeout 20 ./processes; status=$?; ((status)); then
        echo "$flags: processes: status $status"
        failed=1
    fi
    # What both have is ours.
    for program in rest processes; do
        nm "$program" | grep -qE ' (__libc_malloc_impl|__init_libc|__libc_start_main)$' && echo "$flags: musl's allocator or start" && failed=1
    done
done
# Clashes: a program's own definitions, beside ours in the same archive members.
cat >own.c <<'END'
#include <emma.h>
#include <stdlib.h>
#include <string.h>
int calls;
void _exit(int status) { for (;;) *(volatile int*)0 = status; }
void abort(void) { for (;;) calls++; }
int* __errno_location(void) { static int number; calls++; return &number; }
void* memcpy(void* restrict to, const void* restrict from, size_t n) { calls++; return memmove(to, from, n); }
int main(void) {
    char text[9];
    void* (*volatile copy)(void* restrict, const void* restrict, size_t) = memcpy;
    copy(text, "a", 2);
    return calls == 1 && malloc((size_t)-1) == NULL && calls >= 2 ? 0 : 1;
}
END
"$set/bin/emma-cc" -O1 -w -fno-builtin own.c -o own || failed=1
./own || { echo "a program's own functions: $?" && failed=1; }
exit $failed

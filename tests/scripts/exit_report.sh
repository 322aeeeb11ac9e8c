#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/exit_report.sh SET: under libemma_preload.so EMMA_REPORT=1 brings the statistics to the
# error output when a program exits, also of one that has closed it by then; nothing else does, and a
# program that has made another file of the descriptor finds nothing of it there.
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" preload
library=$(realpath "$1/libemma_preload.so") || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() { echo "$*" && failed=1; }

cat >"$work/program.c" <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static void close_all(void) { fclose(stderr); }
int main(int argc, char **argv) {
    const char *how = argc > 1 ? argv[1] : "";
    for (int i = 0; i < 1000; i++)
        if (!malloc(100)) return 2;
    if (!strcmp(how, "closes")) atexit(close_all);
    if (!strcmp(how, "reuses")) { /* every descriptor, ours too */
        for (int i = 2; i < 1024; i++) close(i);
        for (int i = 2; i < 1000; i++) open(argv[2], O_WRONLY | O_CREAT | O_APPEND, 0600);
    }
    if (!strcmp(how, "forks") && fork() != 0) wait(NULL);
    if (!strcmp(how, "fast")) _exit(0);
    return 0;
}
C
gcc -O2 -Wall -Werror -Wno-unused-result "$work/program.c" -o "$work/program" || exit 1
# reports NUMBER VALUE ARGUMENTS...: how often the program says its 1000 objects of class 112.
reports() {
    local found
    EMMA_REPORT=$2 LD_PRELOAD=$library "$work/program" "${@:3}" 2>"$work/said" || fail "$*: status $?"
    found=$(grep -cE '^ +112 +[0-9]+ +1[0-9]{3} +[0-9]+$' "$work/said")
    ((found == $1)) || fail "EMMA_REPORT=$2 program ${*:3}: $found reports: $(head -n 5 "$work/said")"
}
reports 1 1
grep -q '^emma: process [0-9]*$' "$work/said" || fail "no process: $(head -n 2 "$work/said")"
reports 0 0
reports 0 ''
reports 0 10
reports 1 1 closes
reports 2 1 forks
reports 0 1 fast
reports 0 1 reuses "$work/other"
[[ ! -s $work/other ]] || fail "the report is in a file of the program's: $(head -n 2 "$work/other")"
exit $failed

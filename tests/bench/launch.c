// SPDX-License-Identifier: MIT OR Apache-2.0
// Runs a program and tells what it used. A process inherits the peak resident memory of the one it
// was forked from, so measuring from a shell or from Python would put megabytes under every figure;
// this is a static program of a few pages, and forks by vfork.
//
//   launch [-t SECONDS] [-o FILE] [-p LIBRARY] [-H] PROGRAM ARGUMENT...
//
// -t time limit (the program's whole process group is killed then), -o file for its standard
// output, -p preloads a library, -H switches transparent huge pages off for it. Its descriptor 2 is
// that of launch. Prints, on one line: what became of it ("exit N", "signal N", "timeout"), then
// microseconds of time, user and system, peak resident KiB, minor and major page faults.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;
static volatile sig_atomic_t is_late;

static void on_alarm(int signal) {
    (void)signal;
    is_late = 1;
    kill(-child, SIGKILL);
    kill(child, SIGKILL);
}

static long long microseconds(struct timeval time) {
    return time.tv_sec * 1000000LL + time.tv_usec;
}
static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

int main(int argc, char** argv, char** environment) {
    volatile unsigned limit = 60;  // for gcc, who thinks that vfork may change it
    const char* output = NULL;
    char* preload = NULL;
    int no_huge_pages = 0, option;
    while ((option = getopt(argc, argv, "+t:o:p:H")) != -1) {
        switch (option) {
            case 't':
                limit = (unsigned)atoi(optarg);
                break;
            case 'o':
                output = optarg;
                break;
            case 'p':
                preload = optarg;
                break;
            case 'H':
                no_huge_pages = 1;
                break;
            default:
                return 2;
        }
    }
    if (optind >= argc) return 2;

    // All that the child needs is made here: after vfork it shares this process's memory.
    static char variable[4096] = "LD_PRELOAD=";
    static char* variables[1000];
    size_t count = 0;
    for (char** each = environment; *each != NULL && count < 990; each++)
        if (strncmp(*each, "LD_PRELOAD=", 11) != 0) variables[count++] = *each;
    if (preload != NULL) {
        if (strlen(preload) > sizeof variable - 20) return 2;
        strcat(variable, preload);
        variables[count++] = variable;
    }
    const int descriptor = output == NULL ? -1 : open(output, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (output != NULL && descriptor < 0) return perror(output), 2;
    const int input = open("/dev/null", O_RDONLY);
    if (no_huge_pages && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) return perror("prctl"), 2;
    const struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);

    const long long start = now();
    child = vfork();
    if (child < 0) return perror("vfork"), 2;
    if (child == 0) {
        setpgid(0, 0);
        dup2(input, 0);
        if (descriptor >= 0) dup2(descriptor, 1);
        execve(argv[optind], argv + optind, variables);
        _exit(127);
    }
    alarm(limit);
    int status = 0;
    struct rusage used;
    while (wait4(child, &status, 0, &used) < 0) {
    }
    const long long wall = now() - start;
    kill(-child, SIGKILL);  // what it may have left behind
    char what[20];
    if (is_late) {
        strcpy(what, "timeout");
    } else {
        snprintf(what, sizeof what, WIFSIGNALED(status) ? "signal %d" : "exit %d",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    printf("%s %lld %lld %lld %ld %ld %ld\n", what, wall, microseconds(used.ru_utime),
           microseconds(used.ru_stime), used.ru_maxrss, used.ru_minflt, used.ru_majflt);
    return 0;
}

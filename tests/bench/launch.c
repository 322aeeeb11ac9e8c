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
//
// Linux counts resident pages per processor, and getrusage(2) leaves out, or counts twice, what a
// processor has not added to the sum: up to 32 pages each of files and of memory, which is a tenth
// of a small program. Since 6.16 /proc/PID/status adds them up. So the program is traced, which
// costs it nothing but its end, and asked there.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
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

// The child's high water mark in KiB; 0 where it cannot be read.
static long peak_kib(void) {
    char path[40], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", (int)child);
    const int file = open(path, O_RDONLY);
    if (file < 0) return 0;
    const ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length < 0 ? 0 : length] = 0;
    const char* const line = strstr(text, "\nVmHWM:");
    return line == NULL ? 0 : atol(line + 7);
}

// Lets the traced child run to its end, as if it were not traced, and asks it there.
static int wait_for_end(struct rusage* used, long* own_peak_kib) {
    int status = 0, has_begun = 0;
    for (;;) {
        if (wait4(child, &status, 0, used) < 0) continue;
        if (!WIFSTOPPED(status)) return status;
        long signal = WSTOPSIG(status);
        if (!has_begun) {  // the end of execve; of further ones it is an event
            const long options = PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC;
            ptrace(PTRACE_SETOPTIONS, child, 0, (void*)options);
            has_begun = 1;
            signal = 0;
        }
        const int event = status >> 16;
        if (event == PTRACE_EVENT_EXIT) *own_peak_kib = peak_kib();
        if (event != 0) signal = 0;
        ptrace(PTRACE_CONT, child, 0, (void*)signal);
    }
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
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execve(argv[optind], argv + optind, variables);
        _exit(127);
    }
    alarm(limit);
    struct rusage used;
    long peak = 0;
    const int status = wait_for_end(&used, &peak);
    // Without it, or where a process that it has started and waited for was larger.
    enum { kInexactKib = 1024 };
    if (peak == 0 || used.ru_maxrss > peak + kInexactKib) peak = used.ru_maxrss;
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
           microseconds(used.ru_stime), peak, used.ru_minflt, used.ru_majflt);
    return 0;
}

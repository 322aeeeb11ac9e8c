// SPDX-License-Identifier: MIT OR Apache-2.0
// A call into Emma that is interrupted after so many machine instructions, by a step in a signal's
// handler: the processor traps after each instruction, and the handler counts.
#pragma once

#include "model.h"

typedef void step_function(const void* data);

static _Thread_local struct {
    unsigned left;  // instructions until the step runs; 0: none waits
    step_function* step;
    const void* data;
} t_trap;

enum { kTrapFlag = 0x100 };

__attribute__((always_inline)) static inline void trap_begin(void) {
    if (t_trap.left != 0)
        __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | kTrapFlag);
}
__attribute__((always_inline)) static inline void trap_end(void) {
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() &
                                   ~(unsigned long long)kTrapFlag);
}
// Around each call of Emma's whose interruption is of interest.
#define TRAPPED(call) (trap_begin(), (call), trap_end())

static void on_trap(int number, siginfo_t* info, void* context) {
    (void)number;
    (void)info;
    if (t_trap.left == 0 || --t_trap.left != 0) return;
    ((ucontext_t*)context)->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)kTrapFlag;
    const int error = errno;
    t_nested = true;
    t_trap.step(t_trap.data);
    t_nested = false;
    errno = error;
}

static _Thread_local struct {
    step_function* step;
    const void* data;
} t_raised;

#define HANDLER_SIGNAL (SIGRTMIN + 3)

static void on_raised(int number) {
    (void)number;
    const int error = errno;
    t_raised.step(t_raised.data);
    errno = error;
}

static void install_handlers(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_trap;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
    sigaction(SIGTRAP, &action, NULL);
    action.sa_flags = SA_NODEFER | SA_RESTART;
    action.sa_handler = on_raised;
    sigaction(HANDLER_SIGNAL, &action, NULL);
}

// ---- processes ---------------------------------------------------------------------------------

extern void __gcov_dump(void) __attribute__((weak));

_Noreturn static void leave_child(int status) {
    if (__gcov_dump != NULL) __gcov_dump();
    _exit(status);
}

enum { kChildSeconds = 60 };

// A child's signals end it, and so does the clock.
static void start_child(void) {
    static const int kDeadly[] = {SIGALRM, SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGFPE};
    for (unsigned i = 0; i < sizeof kDeadly / sizeof *kDeadly; i++) signal(kDeadly[i], SIG_DFL);
    const struct itimerval none = {{0, 0}, {0, 0}};
    setitimer(ITIMER_PROF, &none, NULL);
    alarm(kChildSeconds);
}

static int wait_for_child(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) fail("waitpid: %s", strerror(errno));
    return status;
}

static void expect_success(int status) {
    if (status != 0)
        fail("a child of a fork ended by signal %d, exit status %d", WTERMSIG(status),
             WEXITSTATUS(status));
}

static pid_t fork_or_fail(void) {
    const pid_t child = fork();
    if (child < 0) fail("fork: %s", strerror(errno));
    return child;
}

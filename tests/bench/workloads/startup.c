// SPDX-License-Identifier: MIT OR Apache-2.0
// Start-up: a program that allocates once, a thousand times over. Its peak memory is that of one of
// them (the one that starts them allocates once too).

// BENCH: startup 1000
#include "workload.h"

static int allocate_once(void) {
    volatile char* object = bench_malloc(100);
    *object = 1;
    free((void*)object);
    return 0;
}

// vfork, in the caller's frame: one that returned to it would leave its return address to be
// overwritten by the child, which shares the stack until it is another program.
static inline __attribute__((always_inline)) long vfork_here(void) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "0"((long)SYS_vfork) : "rcx", "r11", "memory");
    return result;
}

int main(int argc, char** argv, char** environment) {
    if (argc == 1) return allocate_once();
    const uint64_t rounds = bench_rounds(argc, argv, bench_argument(argc, argv, 0));
    char* const arguments[] = {argv[0], NULL};
    allocate_once();
    for (uint64_t i = 0; i < rounds; i++) {
        const long child = vfork_here();
        if (child == 0) {
            bench_syscall(SYS_execve, argv[0], arguments, environment);
            bench_syscall(SYS_exit_group, 1L);
        }
        int status = 1;
        if (child < 0 || bench_syscall(SYS_wait4, child, &status, 0L, NULL) != child || status != 0)
            bench_fail("a child failed");
    }
    return bench_finish(rounds);
}

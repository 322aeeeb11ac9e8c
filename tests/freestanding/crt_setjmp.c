// SPDX-License-Identifier: MIT OR Apache-2.0
// setjmp and longjmp as the host's <setjmp.h> has them: what was in registers comes back, the value
// too (1 for 0), from many frames below and out of a signal handler, whose mask sigsetjmp restores.
// TEST-FLAGS: -D_GNU_SOURCE -w
#include "tests/freestanding/test.h"

#include <setjmp.h>

static jmp_buf place;
static sigjmp_buf signal_place;

static __attribute__((noinline)) void dive(int depth, int value) {
    volatile char frame[200];
    frame[depth % 200] = 1;
    if (depth == 0) longjmp(place, value);
    dive(depth - 1, value);
    frame[0] = 2;
}

static __attribute__((noinline)) int jump(int value, long a, long b, long c, long d, long e) {
    const int got = setjmp(place);
    if (got == 0) dive(50, value);
    CHECK(a == 1 && b == 2 && c == 3 && d == 4 && e == 5);
    return got;
}

static uint64_t mask_now(void) {
    uint64_t mask = 0;
    emma_syscall(14, 0L, 0L, &mask, 8L); /* rt_sigprocmask */
    return mask;
}

static void handler(int number) {
    (void)number;
    CHECK(mask_now() != 0);
    siglongjmp(signal_place, 7);
}

__attribute__((naked)) static void restorer(void) { __asm__("mov $15, %eax\n\tsyscall"); }

struct kernel_action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

int main(void) {
    CHECK(jump(3, 1, 2, 3, 4, 5) == 3);
    CHECK(jump(0, 1, 2, 3, 4, 5) == 1);
    CHECK(jump(-5, 1, 2, 3, 4, 5) == -5);
    // The compiler's own call of it, and a loop of jumps.
    volatile int count = 0;
    if (setjmp(place) < 1000) longjmp(place, ++count);
    CHECK(count == 1000);
    const struct kernel_action action = {handler, 0x04000000, restorer, 0};
    CHECK(emma_syscall(13, 10L, &action, 0L, 8L) == 0); /* rt_sigaction SIGUSR1 */
    const uint64_t before = mask_now();
    for (volatile int round = 0; round < 3; round++) {
        const int got = sigsetjmp(signal_place, 1);
        CHECK(mask_now() == before);
        if (got == 0) emma_syscall(200, emma_syscall(186), 10L); /* tkill(gettid()) */
        CHECK(got == 7);
    }
    // Without the mask the signal stays blocked.
    if (sigsetjmp(signal_place, 0) == 0) emma_syscall(200, emma_syscall(186), 10L);
    CHECK(mask_now() == (before | 1u << 9));
    return 0;
}

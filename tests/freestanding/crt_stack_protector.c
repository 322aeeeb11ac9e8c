// SPDX-License-Identifier: MIT OR Apache-2.0
// A frame whose canary is overwritten ends the process with the line and a trap, in the initial
// thread and in another; the canary is random, holds a zero byte and is the same in every thread.
// TEST-FLAGS: -fstack-protector-all
#include "tests/freestanding/crt_child.h"

static size_t canary(void) {
    size_t value;
    __asm__("movq %%fs:0x28, %0" : "=r"(value));
    return value;
}

static __attribute__((noinline)) void smash(size_t length) {
    char buffer[16];
    char* bytes = (char*)test_opaque_pointer(buffer);
    for (size_t at = 0; at < length; at++) bytes[at] = 'x';
    test_opaque_pointer(bytes);
}

static void* smash_in_thread(void* argument) {
    smash(64);
    return argument;
}

static void body_initial(void) { smash(64); }

static void body_thread(void) {
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, 0, smash_in_thread, 0) == 0);
    emma_thread_join(thread, 0);
}

static void* read_canary(void* argument) {
    *(size_t*)argument = canary();
    return 0;
}

static void check_dies(void (*body)(void)) {
    const struct child_end end = run_child(body);
    CHECK(!end.exited && end.value == kSignalIll);
    CHECK(starts_with(end.output, "emma: stack smashing detected\n"));
}

int main(void) {
    smash(16);
    CHECK((canary() & 0xff) == 0 && canary() != 0);
    const size_t* random = (const size_t*)emma_getauxval(25); /* AT_RANDOM */
    CHECK((canary() >> 8) == (*random >> 8));
    size_t other = 0;
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, 0, read_canary, &other) == 0);
    CHECK(emma_thread_join(thread, 0) == 0);
    CHECK(other == canary());
    check_dies(body_initial);
    check_dies(body_thread);
    return 0;
}

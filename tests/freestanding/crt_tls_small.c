// SPDX-License-Identifier: MIT OR Apache-2.0
// Thread-local storage without an initialised part, smaller than its alignment: the linker places
// it at the upper end of what lies below the thread pointer. And the initial thread's block is
// static: the thread pointer lies inside the program.
#include "tests/freestanding/test.h"

static _Thread_local char first;
static _Thread_local _Alignas(32) char second;

static void* in_thread(void* argument) {
    CHECK(first == 0 && second == 0);
    CHECK((uintptr_t)test_opaque_pointer(&second) % 32 == 0);
    first = 'x';
    second = 'y';
    CHECK(first == 'x' && second == 'y');
    return argument;
}

extern char _end[];

int main(void) {
    in_thread(0);
    CHECK((char*)emma_thread_self() < _end && _end - (char*)emma_thread_self() < 65536);
    for (int round = 0; round < 4; round++) {
        emma_thread* thread;
        CHECK(emma_thread_create(&thread, 0, in_thread, 0) == 0);
        CHECK(emma_thread_join(thread, 0) == 0);
    }
    CHECK(first == 'x' && second == 'y');
    return 0;
}

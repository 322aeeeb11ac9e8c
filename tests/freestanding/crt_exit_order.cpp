// SPDX-License-Identifier: MIT OR Apache-2.0
// What runs at exit, in which order: thread_local destructors of the caller, handlers and static
// objects' destructors last to first (also more than the table of 32 holds, also those that a
// handler registers, also after a handler called exit itself), then the fini array backwards.
#include "tests/freestanding/test.h"

extern "C" {
[[noreturn]] void exit(int status);
int atexit(void (*function)());
[[noreturn]] void quick_exit(int status);
int at_quick_exit(void (*function)());
}

namespace {

constexpr int kPlainHandlers = 500;
constinit int plain_handlers_run = 0;
constinit int stage = 0;

// Each step checks that all steps before it have run.
void reach(int expected) {
    CHECK(stage == expected - 1);
    stage = expected;
}

struct ThreadLocal {
    ~ThreadLocal() { reach(1); }
    int used = 0;
};
thread_local ThreadLocal thread_local_object;

// Registered last: runs first of the handlers, and the handler that it registers runs next.
void registered_by_handler() { reach(3); }
void registers_handler() {
    reach(2);
    CHECK(atexit(registered_by_handler) == 0);
}

void plain() { ++plain_handlers_run; }

// Goes on with the handlers that are left.
void calls_exit() {
    CHECK(plain_handlers_run == kPlainHandlers);
    reach(4);
    exit(0);
}

struct StaticObject {
    ~StaticObject() { reach(5); }
};
StaticObject static_object;  // constructed, so registered, before main's handlers

[[gnu::destructor]] void last_of_fini() { reach(7); }
[[gnu::destructor(300)]] void after_it() { reach(8); }

void not_run() { test_failed(__FILE__, __LINE__, "exit handlers do not run at quick_exit"); }

}  // namespace

// The fini array is emitted in the order of definition and runs backwards: this one comes first.
[[gnu::destructor]] void first_of_fini() { reach(6); }

#include "tests/freestanding/crt_child.h"

namespace {

void child_quick_exit() {
    CHECK(atexit(not_run) == 0);
    CHECK(at_quick_exit([] { test_print("second"); }) == 0);
    CHECK(at_quick_exit([] { test_print("first "); }) == 0);
    quick_exit(5);
}

void child_exit() {
    thread_local_object.used = 1;
    CHECK(atexit(calls_exit) == 0);
    for (int index = 0; index < kPlainHandlers; ++index) CHECK(atexit(plain) == 0);
    CHECK(atexit(registers_handler) == 0);
    exit(11);  // the handler that calls exit(0) has the last word
}

}  // namespace

int main() {
    const child_end quick = run_child(child_quick_exit);
    CHECK(quick.exited && quick.value == 5 && starts_with(quick.output, "first second"));
    const child_end end = run_child(child_exit);
    test_print(end.output);
    CHECK(end.exited && end.value == 0);
    test_exit(0);  // not through the stages
}

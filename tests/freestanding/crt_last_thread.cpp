// SPDX-License-Identifier: MIT OR Apache-2.0
// The last thread that ends, ends the process: status 0, after the exit handlers, whether that is
// the initial thread or one that outlived it. Returning from main ends the others.
#include "tests/freestanding/crt_child.h"

extern "C" int atexit(void (*function)());
extern "C" [[noreturn]] void exit(int status);

namespace {

void* outlives_main(void*) {
    for (int round = 0; round < 200; ++round) emma_syscall(24);
    test_print("thread ");
    return nullptr;
}

void initial_first() {
    CHECK(atexit([] { test_print("handler"); }) == 0);
    for (int count = 0; count < 3; ++count) {
        emma_thread* thread = nullptr;
        CHECK(emma_thread_create(&thread, nullptr, outlives_main, nullptr) == 0);
        if (count == 1) CHECK(emma_thread_detach_handle(thread) == 0);
    }
    emma_thread_exit(nullptr);
}

void initial_alone() {
    CHECK(atexit([] { test_print("handler"); }) == 0);
    emma_thread_exit(nullptr);
}

void* for_ever(void*) {
    for (;;) emma_syscall(24);
}

void main_returns() {
    emma_thread* thread = nullptr;
    CHECK(emma_thread_create(&thread, nullptr, for_ever, nullptr) == 0);
    exit(3);
}

void* exits(void* status) { exit(static_cast<int>(reinterpret_cast<long>(status))); }

// Whoever is first; the handlers run once.
void all_exit() {
    CHECK(atexit([] { test_print("once"); }) == 0);
    for (int count = 0; count < 4; ++count) {
        emma_thread* thread = nullptr;
        CHECK(emma_thread_create(&thread, nullptr, exits, reinterpret_cast<void*>(7)) == 0);
    }
    exit(7);
}

void expect(void (*body)(), int status, const char* output) {
    const child_end end = run_child(body);
    if (!starts_with(end.output, output) || end.value != status) test_print(end.output);
    CHECK(end.exited && end.value == status);
    CHECK(starts_with(end.output, output));
    size_t length = 0;
    while (output[length] != 0) ++length;
    CHECK(end.output[length] == 0);
}

}  // namespace

int main() {
    expect(initial_first, 0, "thread thread thread handler");
    expect(initial_alone, 0, "handler");
    expect(main_returns, 3, "");
    for (int round = 0; round < 10; ++round) expect(all_exit, 7, "once");
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Destructors of thread_local objects run when their thread ends, last constructed first, and when
// a destructor constructs another object, that one's runs too; the exiting thread's run at exit.
#include "tests/freestanding/crt_child.h"

extern "C" [[noreturn]] void exit(int status);
extern "C" int __cxa_thread_atexit(void (*function)(void*), void* argument, void* dso);

namespace {

thread_local char order[64];
thread_local int order_count;

void note(char what) { order[order_count++] = what; }

struct Late {
    Late() { note('L'); }
    ~Late() { note('l'); }
    int used = 0;
};

// A variable of a function is constructed where control first passes, those below together.
Late& late() {
    static thread_local Late object;
    return object;
}

struct Noted {
    explicit Noted(char name) : name_(name) { note(name); }
    ~Noted() {
        note(static_cast<char>(name_ + 'a' - 'A'));
        if (name_ == 'B') late().used = 1;
    }
    int used = 0;
    char name_;
};
thread_local Noted a('A');
thread_local Noted b('B');

void copy_out(void* to) {
    for (int index = 0; index < order_count; ++index) static_cast<char*>(to)[index] = order[index];
}

void* uses_both(void* result) {
    // Registered first, so it runs last and sees the order of all others.
    __cxa_thread_atexit(copy_out, result, nullptr);
    a.used = b.used = 1;
    return nullptr;
}

void* ends_early(void* result) {
    uses_both(result);
    emma_thread_exit(nullptr);
}

void check_thread(emma_thread_function function) {
    char result[64] = {};
    emma_thread* thread = nullptr;
    CHECK(emma_thread_create(&thread, nullptr, function, result) == 0);
    CHECK(emma_thread_join(thread, nullptr) == 0);
    CHECK(starts_with(result, "ABbLla"));
}

void print_order(void*) { test_print(order); }

void exits() {
    __cxa_thread_atexit(print_order, nullptr, nullptr);
    a.used = b.used = 1;
    exit(4);
}

}  // namespace

int main() {
    check_thread(uses_both);
    check_thread(ends_early);
    const child_end end = run_child(exits);
    CHECK(end.exited && end.value == 4 && starts_with(end.output, "ABbLla"));
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// A thread has the stack it asked for, to the last byte but the calls in progress, and below it a
// guard page that turns an overflow into SIGSEGV.
#include <initializer_list>

#include "tests/freestanding/crt_child.h"

namespace {

constexpr size_t kPage = 4096;
constinit size_t stack_bytes = EMMA_THREAD_STACK_MIN;

// Writes to every page from here down to `bytes` below.
[[gnu::noinline]] void touch_stack(size_t bytes) {
    char here = 0;
    auto* at = static_cast<volatile char*>(test_opaque_pointer(&here));
    for (size_t below = 0; below < bytes; below += 256) at[-static_cast<long>(below)] = 1;
}

void* use_all(void*) {
    touch_stack(stack_bytes - 1024);
    return nullptr;
}

void* overflow(void*) {
    touch_stack(stack_bytes + kPage);
    return nullptr;
}

void run(emma_thread_function function) {
    const emma_thread_options options = {stack_bytes, 0};
    emma_thread* thread = nullptr;
    CHECK(emma_thread_create(&thread, &options, function, nullptr) == 0);
    CHECK(emma_thread_join(thread, nullptr) == 0);
}

}  // namespace

int main() {
    for (size_t bytes : {EMMA_THREAD_STACK_MIN, EMMA_THREAD_STACK_DEFAULT, size_t{100001}}) {
        stack_bytes = bytes;
        run(use_all);
        const child_end end = run_child([] { run(overflow); });
        CHECK(!end.exited && end.value == kSignalSegv);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// emma::Allocator in a program without a libc and without exceptions: a container on it, alignment,
// the new-handler, and at the end of all memory the panic handler instead of an exception.
#include <emma.hpp>

#include <new>
#include <vector>

#include "tests/freestanding/test.h"

namespace {

struct alignas(256) Wide {
    char bytes[256];
};

int g_handler_calls;
void give_up_at_third_call() {
    if (++g_handler_calls == 3) std::set_new_handler(nullptr);
}

// What comes after the panic is a trap: the test ends here, and well.
void on_panic(const emma_panic* panic) {
    CHECK(panic->kind == EMMA_PANIC_OUT_OF_MEMORY);
    CHECK(g_handler_calls == 3);
    test_exit(0);
}

}  // namespace

int main() {
    std::vector<int, emma::Allocator<int>> numbers;
    for (int i = 0; i < 10000; i++) numbers.push_back(i);
    CHECK(numbers[9999] == 9999 && emma_owns(numbers.data()));

    emma::Allocator<Wide> wide;
    Wide* const objects = wide.allocate(3);
    CHECK(reinterpret_cast<std::uintptr_t>(objects) % 256 == 0);
    wide.deallocate(objects, 3);

    emma_set_panic_handler(on_panic);
    std::set_new_handler(give_up_at_third_call);
    (void)test_opaque_pointer(emma::Allocator<char>().allocate(emma::Allocator<char>::max_size()));
    return 1;
}

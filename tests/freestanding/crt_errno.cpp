// SPDX-License-Identifier: MIT OR Apache-2.0
// errno: zero at a thread's start, one a thread, and out of reach of the system calls of crt.
#include <errno.h>

#include "tests/freestanding/test.h"

namespace {

void* in_thread(void* argument) {
    CHECK(errno == 0);
    errno = static_cast<int>(reinterpret_cast<long>(argument));
    for (int round = 0; round < 50; ++round) emma_syscall(24);  // sched_yield
    CHECK(errno == static_cast<int>(reinterpret_cast<long>(argument)));
    return &errno;
}

}  // namespace

int main() {
    CHECK(errno == 0);
    errno = 77;
    emma_thread* threads[4];
    for (long index = 0; index < 4; ++index) {
        CHECK(emma_thread_create(&threads[index], nullptr, in_thread,
                                 reinterpret_cast<void*>(index + 1)) == 0);
    }
    for (emma_thread* thread : threads) {
        void* location = nullptr;
        CHECK(emma_thread_join(thread, &location) == 0);
        CHECK(location != &errno);
    }
    CHECK(emma_syscall(3, -1L) == -EBADF);  // close
    CHECK(emma_thread_create(nullptr, nullptr, in_thread, nullptr) == EINVAL);
    CHECK(errno == 77);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Thread-local storage: every alignment from 1 to 8192, initialised and zero, in the initial thread
// and in several at once; each thread sees its own copy of the image, not another's changes.
#include "tests/freestanding/test.h"

namespace {

template <size_t kAlignment>
struct alignas(kAlignment) Aligned {
    long value;
};

thread_local char odd_bytes[3] = {'a', 'b', 'c'};
thread_local Aligned<16> initialised_16 = {16};
thread_local Aligned<64> zero_64;
thread_local Aligned<256> initialised_256 = {256};
thread_local Aligned<4096> zero_4096;
thread_local Aligned<8192> initialised_8192 = {8192};
thread_local char zero_byte;
thread_local const char* pointer = "relocated";

template <size_t kAlignment>
void check_fresh(Aligned<kAlignment>& variable, long initial) {
    CHECK(test_opaque(reinterpret_cast<size_t>(&variable)) % kAlignment == 0);
    CHECK(variable.value == initial);
}

void check_fresh_all() {
    check_fresh(initialised_16, 16);
    check_fresh(zero_64, 0);
    check_fresh(initialised_256, 256);
    check_fresh(zero_4096, 0);
    check_fresh(initialised_8192, 8192);
    CHECK(odd_bytes[0] == 'a' && odd_bytes[1] == 'b' && odd_bytes[2] == 'c');
    CHECK(zero_byte == 0);
    CHECK(pointer[0] == 'r' && pointer[8] == 'd' && pointer[9] == 0);
}

void write_all(long value) {
    initialised_16.value = zero_64.value = initialised_256.value = value;
    zero_4096.value = initialised_8192.value = value;
    odd_bytes[1] = zero_byte = static_cast<char>(value);
    pointer = nullptr;
}

void check_written_all(long value) {
    CHECK(initialised_16.value == value && zero_64.value == value);
    CHECK(initialised_256.value == value && zero_4096.value == value);
    CHECK(initialised_8192.value == value && odd_bytes[1] == static_cast<char>(value));
    CHECK(zero_byte == static_cast<char>(value) && pointer == nullptr);
}

void* in_thread(void* argument) {
    const long value = reinterpret_cast<long>(argument);
    check_fresh_all();
    write_all(value);
    for (int round = 0; round < 50; ++round) emma_syscall(24);  // sched_yield
    check_written_all(value);
    return &zero_byte;
}

}  // namespace

int main() {
    check_fresh_all();
    write_all(-1);
    constexpr int kThreads = 6;
    emma_thread* threads[kThreads];
    for (long index = 0; index < kThreads; ++index) {
        CHECK(emma_thread_create(&threads[index], nullptr, in_thread,
                                 reinterpret_cast<void*>(index + 1)) == 0);
    }
    for (emma_thread* thread : threads) {
        void* own = nullptr;
        CHECK(emma_thread_join(thread, &own) == 0);
        CHECK(own != &zero_byte);
    }
    check_written_all(-1);
}

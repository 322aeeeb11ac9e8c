// SPDX-License-Identifier: MIT OR Apache-2.0
// Under RLIMIT_AS of 200 MiB at least 190 MiB come out in objects of 100,000 bytes before null and
// ENOMEM; nothing that was allocated is damaged; after one object is freed a small one can be had;
// when all is freed, the same can be had again, nothing has leaked.
// TEST-QEMU: no, because its user mode takes RLIMIT_AS without enforcing it
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/test.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>

extern "C" int* __errno_location();

namespace {

constexpr std::size_t kObjectBytes = 100000;
constexpr std::size_t kLimitBytes = 200u << 20;
constexpr std::size_t kPromisedBytes = 190u << 20;
constexpr int kNoMemory = 12;  // ENOMEM

unsigned char* objects[4096];

// Allocates until null; returns how many objects there are.
std::size_t exhaust() {
    std::size_t count = 0;
    *__errno_location() = 0;
    while (auto* object = static_cast<unsigned char*>(emma_malloc(kObjectBytes))) {
        CHECK(count < sizeof objects / sizeof objects[0]);
        test_fill(object, kObjectBytes, count);
        objects[count++] = object;
    }
    CHECK(*__errno_location() == kNoMemory);
    test_check_all();
    return count;
}

void verify_and_free(std::size_t count) {
    for (std::size_t i = 0; i < count; i++) {
        if (objects[i] == nullptr) continue;
        CHECK(test_verify(objects[i], kObjectBytes, i));
        emma_free(objects[i]);
    }
}

}  // namespace

int main() {
    const std::uint64_t limit[2] = {kLimitBytes, ~std::uint64_t{0}};
    CHECK(emma_syscall(302, 0L, 9L, limit, nullptr) == 0);  // prlimit64(self, RLIMIT_AS)

    const std::size_t count = exhaust();
    test_report("delivered bytes", count * kObjectBytes);
    CHECK(count * kObjectBytes >= kPromisedBytes);

    // Every way to ask gets null, and the objects stay whole.
    void* untouched = &untouched;
    CHECK(emma_calloc(kObjectBytes, 1) == nullptr);
    CHECK(emma_aligned_alloc(4096, kObjectBytes) == nullptr);
    CHECK(emma_posix_memalign(&untouched, 64, 1u << 30) == kNoMemory && untouched == &untouched);
    CHECK(emma_realloc(objects[3], 1u << 30) == nullptr);
    CHECK(test_verify(objects[3], kObjectBytes, 3));

    emma_free(objects[count / 2]);
    objects[count / 2] = nullptr;
    constexpr std::size_t kSmallSizes[] = {16, 1000, 30000};
    for (std::size_t size : kSmallSizes) {
        void* small = emma_malloc(size);
        CHECK(small != nullptr);
        test_fill(small, size, size);
        CHECK(test_verify(small, size, size));
        emma_free(small);
    }
    verify_and_free(count);

    // Again, and once more: what was freed is all there.
    for (int round = 0; round < 2; round++) {
        const std::size_t again = exhaust();
        test_report("delivered bytes", again * kObjectBytes);
        CHECK(again * kObjectBytes >= kPromisedBytes);
        verify_and_free(again);
    }
    // In another size it is there too.
    std::size_t bytes = 0;
    while (emma_malloc(3000) != nullptr) bytes += 3000;
    test_report("delivered bytes in objects of 3000", bytes);
    CHECK(bytes >= kPromisedBytes / 10 * 9);
    test_check_all();
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Every replaceable operator new and delete of C++20 (21.6.3), the new-handler, and new and delete
// expressions of types with every alignment.
// TEST-FLAGS: -fno-builtin -Wno-mismatched-new-delete -fsized-deallocation
#include "test.h"

#include <emma.h>
#include <cstddef>
#include <cstdint>
#include <new>

namespace {

constexpr std::size_t kSizes[] = {0, 1, 16, 17, 100, 1024, 5000, 70000, 400000, 3000000};
constexpr std::size_t kAlignments[] = {1, 16, 32, 64, 128, 4096, 65536, 1 << 21};

void* check(void* object, std::size_t size, std::size_t alignment = 16) {
    CHECK(object != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(object) % alignment == 0);
    CHECK(emma_owns(object));
    test_fill(object, size, size);
    CHECK(test_verify(object, size, size));
    return object;
}

void plain_forms() {
    for (std::size_t n : kSizes) {
        operator delete(check(operator new(n), n));
        operator delete(check(operator new(n), n), n);
        operator delete[](check(operator new[](n), n));
        operator delete[](check(operator new[](n), n), n);
        operator delete(check(operator new(n, std::nothrow), n), std::nothrow);
        operator delete(check(operator new(n, std::nothrow), n));
        operator delete[](check(operator new[](n, std::nothrow), n), std::nothrow);
        operator delete[](check(operator new[](n, std::nothrow), n));
    }
    operator delete(nullptr);
    operator delete (nullptr, std::size_t{8});
    operator delete[](nullptr);
    operator delete[](nullptr, std::size_t{8});
    operator delete(nullptr, std::nothrow);
    operator delete[](nullptr, std::nothrow);
}

void aligned_forms() {
    for (std::size_t a : kAlignments) {
        const auto al = static_cast<std::align_val_t>(a);
        for (std::size_t n : kSizes) {
            operator delete(check(operator new(n, al), n, a), al);
            operator delete(check(operator new(n, al), n, a), n, al);
            operator delete[](check(operator new[](n, al), n, a), al);
            operator delete[](check(operator new[](n, al), n, a), n, al);
            operator delete(check(operator new(n, al, std::nothrow), n, a), al, std::nothrow);
            operator delete(check(operator new(n, al, std::nothrow), n, a), n, al);
            operator delete[](check(operator new[](n, al, std::nothrow), n, a), al, std::nothrow);
            operator delete[](check(operator new[](n, al, std::nothrow), n, a), n, al);
        }
    }
    constexpr auto kAlignment = static_cast<std::align_val_t>(64);
    operator delete(nullptr, kAlignment);
    operator delete (nullptr, std::size_t{8}, kAlignment);
    operator delete[](nullptr, kAlignment);
    operator delete[](nullptr, std::size_t{8}, kAlignment);
    operator delete(nullptr, kAlignment, std::nothrow);
    operator delete[](nullptr, kAlignment, std::nothrow);
}

int constructed = 0;
template <std::size_t Size, std::size_t Alignment>
struct alignas(Alignment) Thing {
    Thing() {
        constructed++;
        test_fill(bytes, Size, Size);
    }
    ~Thing() {
        CHECK(test_verify(bytes, Size, Size));
        constructed--;
    }
    unsigned char bytes[Size];
};

template <std::size_t Size, std::size_t Alignment>
void expressions() {
    using T = Thing<Size, Alignment>;
    T* one = new T;
    T* many = new T[test_opaque(5)];
    T* quiet = new (std::nothrow) T;
    CHECK(reinterpret_cast<std::uintptr_t>(one) % Alignment == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(many) % Alignment == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(quiet) % Alignment == 0);
    CHECK(constructed == 7);
    delete one;
    delete[] many;
    delete quiet;
    CHECK(constructed == 0);
}

int handler_calls = 0;
void* reserve = nullptr;

void give_up_after_three() {
    if (++handler_calls == 3) std::set_new_handler(nullptr);
}

void nothrow_failures() {
    const std::size_t too_much = test_opaque(PTRDIFF_MAX);
    CHECK(std::get_new_handler() == nullptr);
    CHECK(operator new(too_much, std::nothrow) == nullptr);
    CHECK(operator new[](too_much, std::nothrow) == nullptr);
    constexpr auto kAlignment = static_cast<std::align_val_t>(4096);
    CHECK(operator new(too_much, kAlignment, std::nothrow) == nullptr);
    CHECK(operator new[](too_much, kAlignment, std::nothrow) == nullptr);

    // The nothrow forms call the handler too, as often as it lets them (21.6.3.2).
    CHECK(std::set_new_handler(give_up_after_three) == nullptr);
    CHECK(std::get_new_handler() == give_up_after_three);
    handler_calls = 0;
    CHECK(operator new(too_much, std::nothrow) == nullptr);
    CHECK(handler_calls == 3);
    std::set_new_handler(give_up_after_three);
    handler_calls = 0;
    CHECK(operator new[](too_much, kAlignment, std::nothrow) == nullptr);
    CHECK(handler_calls == 3);
}

// The handler that makes room: what cannot be had at first can be had afterwards.
std::size_t wanted_bytes = 0;
void release_reserve() {
    handler_calls++;
    emma_free(reserve);
    reserve = nullptr;
}

void handler_that_makes_room() {
    struct Limit {
        std::uint64_t soft, hard;
    };
    wanted_bytes = 64u << 20;
    reserve = emma_malloc(wanted_bytes);
    CHECK(reserve != nullptr);
    // RLIMIT_AS such that no second object of this size fits: what is mapped now and 32 MiB more.
    struct emma_stats stats;
    emma_stats(&stats);
    const Limit limit = {stats.mapped_bytes + (32u << 20), ~std::uint64_t{0}};
    CHECK(emma_syscall(302, 0L, 9L, &limit, nullptr) == 0);  // prlimit64, RLIMIT_AS
    std::set_new_handler(release_reserve);
    handler_calls = 0;
    void* object = operator new(wanted_bytes);
    CHECK(handler_calls == 1 && reserve == nullptr);
    check(object, wanted_bytes);
    operator delete(object, wanted_bytes);
    std::set_new_handler(nullptr);
}

}  // namespace

int main(int argc, char** argv) {
    plain_forms();
    aligned_forms();
    expressions<1, 1>();
    expressions<24, 8>();
    expressions<100, 64>();
    expressions<5000, 4096>();
    expressions<70000, 16>();
    expressions<65536, 65536>();
    nothrow_failures();
    // QEMU's user mode takes RLIMIT_AS without enforcing it: `0` leaves that part out.
    if (test_argument(argc, argv, 1, 1) != 0) handler_that_makes_room();
    return 0;
}
// TEST-ARGS: 1
// TEST-QEMU: 0

// SPDX-License-Identifier: MIT OR Apache-2.0
// What compilers and headers of the C++ library expect of whoever has no library: the memory
// functions that compilers call by themselves, and the ends of calls that cannot go on. And the end
// of a program that misuses Emma.
#include <emma_bare.h>

#include "machine.h"

extern "C" {

void* memcpy(void* to, const void* from, std::size_t count) {
    void* const result = to;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::"memory");
    return result;
}

void* memmove(void* to, const void* from, std::size_t count) {
    if (to <= from) return memcpy(to, from, count);
    auto* last_to = static_cast<unsigned char*>(to) + count - 1;
    auto* last_from = static_cast<const unsigned char*>(from) + count - 1;
    asm volatile("std; rep movsb; cld" : "+D"(last_to), "+S"(last_from), "+c"(count)::"memory");
    return to;
}

void* memset(void* to, int byte, std::size_t count) {
    void* const result = to;
    asm volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(byte) : "memory");
    return result;
}

int memcmp(const void* left, const void* right, std::size_t count) {
    const auto* l = static_cast<const unsigned char*>(left);
    const auto* r = static_cast<const unsigned char*>(right);
    for (; count != 0; --count, ++l, ++r)
        if (*l != *r) return *l - *r;
    return 0;
}

[[noreturn]] void __cxa_pure_virtual() {
    print("kernel: a pure virtual function was called\n");
    end_run(Outcome::kFailed);
}

void emma_bare_panic(const emma_panic* panic) noexcept {
    disable_interrupts();
    print("kernel: panic: ");
    print(panic->message);
    print("\n");
    end_run(Outcome::kPanicked);
}

}  // extern "C"

// libstdc++'s headers call these where they would throw.
namespace std {
__attribute__((noreturn)) void __throw_length_error(const char* what) {
    print("kernel: ");
    print(what);
    print("\n");
    end_run(Outcome::kFailed);
}
__attribute__((noreturn)) void __throw_bad_array_new_length() {
    __throw_length_error("array too long");
}
}  // namespace std

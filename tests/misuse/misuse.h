// SPDX-License-Identifier: MIT OR Apache-2.0
// The frame of a program of misuses: its list of cases, what a case announces, and its main.
#ifndef TESTS_MISUSE_MISUSE_H
#define TESTS_MISUSE_MISUSE_H

#include <cstddef>
#include <cstdint>

#include "tests/freestanding/test.h"

enum Expectation {
    kDouble,
    kInvalid,
    kEither,       // of these two
    kFreed,        // used after its free
    kFreedOrGone,  // the same, or not even known any more
    kOtherHeap,
    kWrongSize,
    kNoMemory
};

struct Case {
    const char* name;
    void (*misuse)(std::size_t size);
    std::size_t size;
    Expectation expected;
    bool may_fault;
};
inline const Case* current = nullptr;

inline void print_hex(std::uintptr_t value) {
    char digits[16];
    int at = 16;
    do {
        digits[--at] = "0123456789abcdef"[value & 15];
    } while (value >>= 4);
    test_write(digits + at, static_cast<std::size_t>(16 - at));
}

inline void expect_line(const char* kind, const void* pointer) {
    test_print("EXPECT emma: ");
    test_print(kind);
    test_print("0x");
    print_hex(reinterpret_cast<std::uintptr_t>(pointer));
    test_print("\n");
}

// Says what is expected of a misuse of `pointer`, and hides the pointer from the compiler.
inline void* about_to_misuse(void* pointer) {
    switch (current->expected) {
        case kDouble:
            expect_line("double free of ", pointer);
            break;
        case kInvalid:
            expect_line("invalid pointer ", pointer);
            break;
        case kEither:
            expect_line("double free of ", pointer);
            expect_line("invalid pointer ", pointer);
            break;
        case kFreed:
            expect_line("use after free of ", pointer);
            break;
        case kFreedOrGone:
            expect_line("use after free of ", pointer);
            expect_line("invalid pointer ", pointer);
            break;
        case kOtherHeap:
            expect_line("object of another heap ", pointer);
            break;
        case kWrongSize:
            expect_line("wrong size or alignment for ", pointer);
            break;
        case kNoMemory:
            test_print("EXPECT emma: out of memory\n");
            break;
    }
    if (current->may_fault && !EMMA_CHECKS) test_print("MAYFAULT\n");
    return test_opaque_pointer(pointer);
}

// Without arguments lists the cases; with a number commits that one.
template <std::size_t kCount>
int run_case(const Case (&cases)[kCount], int argc, char** argv) {
    if (argc < 2) {
        for (std::size_t i = 0; i < kCount; i++) {
            test_print_number(i);
            test_print("\t");
            test_print(cases[i].name);
            test_print("\n");
        }
        return 0;
    }
    const std::size_t number = test_argument(argc, argv, 1, 0);
    CHECK(number < kCount);
    current = &cases[number];
    current->misuse(current->size);
    test_print("the misuse was not noticed\n");
    return 1;
}

#endif

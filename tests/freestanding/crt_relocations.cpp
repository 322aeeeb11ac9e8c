// SPDX-License-Identifier: MIT OR Apache-2.0
// Pointers in initialised data are right before the first constructor runs, wherever the program
// was loaded: tables of objects and functions, vtables, pointers at odd places, thread-local ones.
#include "tests/freestanding/test.h"

namespace {

int one() { return 1; }
int two() { return 2; }

struct Shape {
    virtual int corners() const = 0;
};
struct Triangle final : Shape {
    int corners() const override { return 3; }
};
struct Square final : Shape {
    int corners() const override { return 4; }
};

constinit Triangle triangle;
constinit Square square;

int (*const functions[])() = {one, two, nullptr, two};
const Shape* const shapes[] = {&triangle, &square};
const char* words[] = {"zero", "one", "two"};  // writable
const char* const* const words_end = words + 3;
constinit thread_local const Shape* thread_shape = &square;

struct [[gnu::packed]] Odd {
    char before;
    const char* pointer;  // not where a compressed relocation could reach it
};
constinit Odd odd = {'x', "odd"};

// Enough pointers in a row and with gaps for bitmaps of several words.
struct Gap {
    const void* pointer;
    long gap[3];
};
#define GAPS_4(n)                                           \
    {&words[0], {n}}, {&words[1], {n}}, {&words[2], {n}}, { \
        nullptr, { n }                                      \
    }
#define GAPS_16(n) GAPS_4(n), GAPS_4(n + 1), GAPS_4(n + 2), GAPS_4(n + 3)
constinit Gap gaps[] = {GAPS_16(0), GAPS_16(4), GAPS_16(8), GAPS_16(12), GAPS_16(16), GAPS_16(20)};

void check_all() {
    CHECK(functions[0]() == 1 && functions[1]() == 2 && functions[3]() == 2);
    CHECK(functions[test_opaque(2)] == nullptr);
    CHECK(shapes[test_opaque(0)]->corners() == 3 && shapes[test_opaque(1)]->corners() == 4);
    CHECK(words[1][0] == 'o' && words[2][2] == 'o' && words_end == &words[test_opaque(3)]);
    CHECK(thread_shape->corners() == 4);
    CHECK(odd.before == 'x' && odd.pointer[2] == 'd');
    for (size_t index = 0; index < sizeof gaps / sizeof *gaps; ++index) {
        const void* expected = index % 4 == 3 ? nullptr : &words[index % 4];
        CHECK(gaps[index].pointer == expected);
        CHECK(gaps[index].gap[0] == static_cast<long>(index / 4) && gaps[index].gap[1] == 0);
    }
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const preinit_entry)() = check_all;

}  // namespace

int main() {
    check_all();
    words[0] = words[1];
    gaps[0].pointer = nullptr;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// What runs before main, in which order: the preinit array, constructors by priority, then the
// others; each is given the arguments and the environment.
#include "tests/freestanding/test.h"

extern "C" char** environ;

namespace {

constinit char order[16] = {};
constinit int order_count = 0;

void note(char what) { order[order_count++] = what; }

void before_all(int argc, char** argv, char** envp) {
    CHECK(argc >= 1 && argv[argc] == nullptr && envp == argv + argc + 1);
    note('p');
}
[[gnu::section(".preinit_array"), gnu::used]] void (*const preinit_entry)(int, char**,
                                                                          char**) = before_all;

[[gnu::constructor(203)]] void third(int, char**, char** envp) {
    CHECK(envp == environ);
    note('3');
}
[[gnu::constructor(201)]] void first() { note('1'); }
[[gnu::constructor(202)]] void second() { note('2'); }

struct Noted {
    Noted() { note('n'); }
};
Noted noted;

[[gnu::constructor]] void plain() { note('n'); }

}  // namespace

int main() {
    constexpr char kExpected[] = "p123nn";
    CHECK(order_count == sizeof kExpected - 1);
    for (int index = 0; index < order_count; ++index) CHECK(order[index] == kExpected[index]);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/check.h"

#include <doctest/doctest.h>

#include <csetjmp>
#include <string>

using namespace emma;

namespace {

std::jmp_buf g_escape;
emma_panic g_seen;
std::string g_message;

[[noreturn]] void note(const emma_panic* what) {
    g_seen = *what;
    g_message = what->message;
    std::longjmp(g_escape, 1);
}

void expect_panic(Misuse misuse, const void* pointer, std::size_t size_class_bytes) {
    set_panic_handler(note);
    if (setjmp(g_escape) == 0) panic(misuse, pointer, size_class_bytes);
    set_panic_handler(nullptr);
}

}  // namespace

TEST_CASE("the line names the misuse, the pointer and the size class") {
    const auto pointer = reinterpret_cast<const void*>(0x1200ab00ff10);
    expect_panic(Misuse::kDoubleFree, pointer, 48);
    CHECK(g_message == "emma: double free of 0x1200ab00ff10 (size class 48)");
    CHECK(g_seen.kind == EMMA_PANIC_DOUBLE_FREE);
    CHECK(g_seen.pointer == pointer);
    CHECK(g_seen.size_class == 48);
    expect_panic(Misuse::kInvalidPointer, nullptr, 0);
    CHECK(g_message == "emma: invalid pointer 0x0");
    expect_panic(Misuse::kInvalidPointer, reinterpret_cast<void*>(~std::uintptr_t{0}), 0);
    CHECK(g_message == "emma: invalid pointer 0xffffffffffffffff");
    expect_panic(Misuse::kWrongSize, pointer, ~std::size_t{0});
    CHECK(g_message ==
          "emma: wrong size or alignment for 0x1200ab00ff10 (size class 18446744073709551615)");
    expect_panic(Misuse::kUseAfterFree, pointer, 48);
    CHECK(g_message == "emma: use after free of 0x1200ab00ff10 (size class 48)");
    CHECK(g_seen.kind == EMMA_PANIC_USE_AFTER_FREE);
    expect_panic(Misuse::kOtherHeap, pointer, 0);
    CHECK(g_message == "emma: object of another heap 0x1200ab00ff10");
    expect_panic(Misuse::kOutOfMemory, nullptr, 0);
    CHECK(g_message == "emma: out of memory");
    expect_panic(Misuse::kCorruption, nullptr, 0);
    CHECK(g_message == "emma: internal invariant broken");
}

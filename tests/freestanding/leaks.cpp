// SPDX-License-Identifier: MIT OR Apache-2.0
// What is live at exit: in DEBUG builds it is reported in exact lines, through the program's writer
// or to descriptor 2, after all handlers; nothing is said where nothing is live, where the writer
// is null, and in other builds.
#include "tests/freestanding/crt_child.h"
#include "tests/freestanding/test.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

extern "C" int atexit(void (*function)());

namespace {

constexpr bool kReports = EMMA_DEBUG == 1;
constexpr std::size_t kListed = 20;
constexpr std::size_t kMost = 30;

void* objects[kMost];
std::size_t count = 0;

// ---- what must be said -------------------------------------------------------------------------

struct Text {
    char bytes[1024] = {};
    std::size_t length = 0;
    void put(char c) {
        CHECK(length + 1 < sizeof bytes);
        bytes[length++] = c;
    }
    void add(const char* text) {
        while (*text != '\0') put(*text++);
    }
    void add_number(std::size_t value, std::size_t base) {
        if (value >= base) add_number(value / base, base);
        put("0123456789abcdef"[value % base]);
    }
};

bool equal(const char* a, const char* b) {
    while (*a != '\0' && *a == *b) ++a, ++b;
    return *a == *b;
}

bool contains(const char* text, const char* words) {
    for (; *text != '\0'; ++text)
        if (starts_with(text, words)) return true;
    return false;
}

Text head_line() {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; i++) bytes += emma_malloc_usable_size(objects[i]);
    Text line;
    line.add("emma: leaked objects: ");
    line.add_number(count, 10);
    line.add(", bytes: ");
    line.add_number(bytes, 10);
    line.add("\n");
    return line;
}

Text object_line(const void* object) {
    Text line;
    line.add("emma: leaked 0x");
    line.add_number(reinterpret_cast<std::uintptr_t>(object), 16);
    line.add(", bytes: ");
    line.add_number(emma_malloc_usable_size(object), 10);
    line.add("\n");
    return line;
}

// The head comes first, then whole lines of objects in any order, each once; before every line what
// the writer puts there.
void check_report(const char* text, const char* before) {
    Text head;
    head.add(before);
    head.add(head_line().bytes);
    CHECK(starts_with(text, head.bytes));
    std::size_t length = head.length, listed = 0;
    for (std::size_t i = 0; i < count; i++) {
        Text line;
        line.add(before);
        line.add(object_line(objects[i]).bytes);
        if (!contains(text, line.bytes)) continue;
        length += line.length;
        listed++;
    }
    CHECK(listed == (count < kListed ? count : kListed));
    while (length != 0 && *text != '\0') ++text, --length;
    CHECK(length == 0 && *text == '\0');  // and nothing else
}

// ---- programs that end, as children: what the parent has allocated is live in them as well

void write_marked(void* mark, const char* text, std::size_t length) {
    test_print(static_cast<const char*>(mark));
    test_write(text, length);
}
char mark[] = "> ";

void ends() { emma_exit(3); }
void ends_with_writer() {
    emma_set_leak_writer(write_marked, mark);
    emma_exit(3);
}
void ends_with_null() {
    emma_set_leak_writer(nullptr, mark);
    emma_exit(3);
}
// What the last handler frees is no leak.
void free_all() {
    for (std::size_t i = 0; i < count; i++) emma_free(objects[i]);
}
void ends_with_handler() {
    CHECK(atexit(free_all) == 0);
    emma_exit(3);
}
void ends_at_once() { test_exit(3); }

child_end run(void (*body)()) {
    const child_end end = run_child(body);
    CHECK(end.exited && end.value == 3);
    return end;
}

void allocate(std::size_t size) {
    CHECK(count < kMost);
    objects[count] = emma_malloc(size);
    CHECK(objects[count++] != nullptr);
}

void expect_reports() {
    for (void (*body)() : {ends_with_null, ends_with_handler, ends_at_once})
        CHECK(equal(run(body).output, ""));
    if (kReports) {
        check_report(run(ends).output, "");
        check_report(run(ends_with_writer).output, mark);
    } else {
        CHECK(equal(run(ends).output, "") && equal(run(ends_with_writer).output, ""));
    }
}

}  // namespace

int main() {
    // Neither what has come and gone nor another heap's objects.
    emma_free(emma_malloc(100));
    emma_heap* const heap = emma_heap_create(nullptr);
    CHECK(heap != nullptr && emma_heap_alloc(heap, 100, 16) != nullptr);
    CHECK(equal(run(ends).output, "") && equal(run(ends_with_writer).output, ""));
    // A slot, a run and a mapping of its own; then more than are listed.
    for (std::size_t size : {100u, 200000u, 3000000u}) allocate(size);
    expect_reports();
    while (count < kListed) allocate(1 + count * 40);
    expect_reports();
    while (count < kListed + 5) allocate(1 + count * 40);
    expect_reports();
    free_all();
    emma_heap_destroy(heap);
    return 0;
}

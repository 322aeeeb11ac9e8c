// SPDX-License-Identifier: MIT OR Apache-2.0
// operator new without memory in a program with a libc and exceptions ([new.delete.single]/4, /7):
// the new-handler is called; what it throws arrives, and is null from the nothrow forms. Without a
// handler: std::bad_alloc.
#include <cstddef>
#include <cstdio>
#include <exception>
#include <new>

namespace {

constexpr std::align_val_t k64{64};
volatile std::size_t too_much = ~std::size_t{0} / 4;
int called = 0;
int failed = 0;

#define CHECK(condition) \
    if (!(condition)) std::printf("%d: not so: %s\n", __LINE__, #condition), failed = 1

struct Own {};
void throws_own() {
    called++;
    throw Own();
}
void throws_bad_alloc() {
    called++;
    throw std::bad_alloc();
}
void takes_itself_back() {
    called++;
    std::set_new_handler(nullptr);
}

enum Outcome { kObject, kNull, kBadAlloc, kOwn };

template <typename Allocate>
Outcome outcome(std::new_handler handler, Allocate allocate) {
    struct Frame {  // is cleaned up on the way
        int& depth;
        ~Frame() { depth--; }
    };
    static int depth = 0;
    std::set_new_handler(handler);
    called = 0;
    Outcome result = kObject;
    try {
        depth++;
        Frame frame{depth};
        if (allocate() == nullptr) result = kNull;
    } catch (const std::bad_alloc&) {
        result = kBadAlloc;
    } catch (const Own&) {
        result = kOwn;
    }
    std::set_new_handler(nullptr);
    CHECK(depth == 0);
    return result;
}

template <typename Allocate>
void check(Allocate allocate, bool nothrow) {
    CHECK(outcome(throws_bad_alloc, allocate) == (nothrow ? kNull : kBadAlloc) && called == 1);
    CHECK(outcome(throws_own, allocate) == (nothrow ? kNull : kOwn) && called == 1);
    CHECK(!nothrow || outcome(takes_itself_back, allocate) == kNull);
    CHECK(!nothrow || outcome(nullptr, allocate) == kNull);
    if (nothrow) return;
    CHECK(outcome(takes_itself_back, allocate) == kBadAlloc && called == 1);
    CHECK(outcome(nullptr, allocate) == kBadAlloc);
}

}  // namespace

int main() {
    check([] { return ::operator new(too_much); }, false);
    check([] { return ::operator new[](too_much); }, false);
    check([] { return ::operator new(too_much, k64); }, false);
    check([] { return ::operator new[](too_much, k64); }, false);
    check([] { return ::operator new(too_much, std::nothrow); }, true);
    check([] { return ::operator new[](too_much, std::nothrow); }, true);
    check([] { return ::operator new(too_much, k64, std::nothrow); }, true);
    check([] { return ::operator new[](too_much, k64, std::nothrow); }, true);
    CHECK(std::uncaught_exceptions() == 0);
    return failed;
}

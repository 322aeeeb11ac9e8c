// SPDX-License-Identifier: MIT OR Apache-2.0
// The smallest program that calls a pure virtual function: nothing else in it needs the part of the
// archive that has the function called then, and gcc refers to that weakly.
// TEST-LIMIT: 20
#include "tests/freestanding/crt_child.h"

struct Base {
    Base() { call(); }
    void call() { static_cast<Base*>(test_opaque_pointer(this))->pure(); }
    virtual void pure() = 0;
};
struct Derived : Base {
    void pure() override {}
};

static void calls_pure() {
    Derived derived;
    test_opaque_pointer(&derived);
}

int main() {
    const child_end end = run_child(calls_pure);
    CHECK(!end.exited && end.value == kSignalIll);
    CHECK(starts_with(end.output, "emma: pure virtual function called\n"));
}

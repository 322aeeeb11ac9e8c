// SPDX-License-Identifier: MIT OR Apache-2.0
// Constants are read-only even if they hold pointers that were relocated, as are vtables and the
// init array; ordinary data beside them is not.
#include "tests/freestanding/crt_child.h"

extern "C" void (*const __init_array_start[])();

namespace {

struct Virtual {
    virtual int value() const { return 1; }
};
constinit Virtual object;
int writable = 5;
const int* const table[] = {&writable, nullptr};
[[gnu::constructor]] void constructor() {}

void write_to(const void* place) {
    *static_cast<volatile char*>(test_opaque_pointer(const_cast<void*>(place))) = 1;
}

void check_faults(void (*body)()) {
    const child_end end = run_child(body);
    CHECK(!end.exited && end.value == kSignalSegv);
}

}  // namespace

int main() {
    write_to(&writable);
    write_to(&object);
    check_faults([] { write_to(&table[0]); });
    check_faults([] { write_to(__init_array_start); });
    static Virtual intact;
    check_faults([] { write_to(*reinterpret_cast<void**>(&intact)); });
    check_faults([] { write_to("text"); });
    check_faults([] { write_to(reinterpret_cast<const void*>(&check_faults)); });
}

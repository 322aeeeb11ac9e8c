// SPDX-License-Identifier: MIT OR Apache-2.0
// The panic line and its handler. The message is put together on the stack and written by one
// system call.
#include "core/check.h"

#include "arch/system.h"
#include "core/atomic.h"
#include "core/include/emma_bare.h"
#include "core/line.h"

namespace emma {
namespace {

// any thread. Relaxed: a handler is code, and whatever it reads was published by its own means.
constinit Atomic<emma_panic_handler> g_handler{nullptr};

constexpr const char* kWords[] = {
    nullptr,
    "emma: double free of 0x",
    "emma: invalid pointer 0x",
    "emma: wrong size or alignment for 0x",
    "emma: out of memory",
    "emma: internal invariant broken",
    "emma: use after free of 0x",
    "emma: object of another heap 0x",
};
static_assert(static_cast<unsigned>(Misuse::kOtherHeap) == 7);

void compose(Line& line, Misuse misuse, const void* pointer, std::size_t size_class_bytes) {
    line.add(kWords[static_cast<unsigned>(misuse)]);
    if (misuse != Misuse::kOutOfMemory && misuse != Misuse::kCorruption)
        line.add_number(reinterpret_cast<std::uintptr_t>(pointer), 16);
    if (size_class_bytes == 0) return;
    line.add(" (size class ");
    line.add_number(size_class_bytes, 10);
    line.add(")");
}

}  // namespace

void panic(Misuse misuse, const void* pointer, std::size_t size_class_bytes) {
    Line line;
    compose(line, misuse, pointer, size_class_bytes);
    emma_panic_handler handler = g_handler.load(memory_order_relaxed);
    if constexpr (kBare) {
        if (handler == nullptr) handler = emma_bare_panic;
    }
    if (handler != nullptr) {
        const emma_panic what{static_cast<emma_panic_kind>(misuse), pointer, size_class_bytes,
                              line.text()};
        handler(&what);
    } else {
        line.add("\n");
        // A failed write changes nothing: the program ends all the same.
        (void)arch::write(arch::kStderr, line.text(), line.length()).ok();
    }
    arch::end_by_trap();
}

void set_panic_handler(emma_panic_handler handler) {
    g_handler.store(handler, memory_order_relaxed);
}

}  // namespace emma

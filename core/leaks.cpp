// SPDX-License-Identifier: MIT OR Apache-2.0
// DEBUG builds: what is live in the default instance when the program exits is reported. In a file
// of its own, which in other builds only a program that sets the writer has linked; nothing is
// reported there. Runs from the fini array, so without start code that walks it there is no report.
#include "arch/system.h"
#include "core/audit.h"
#include "core/include/emma.h"

namespace emma {
namespace {

constexpr std::size_t kListedObjects = 20;

void write_to_stderr(void*, const char* text, std::size_t length) {
    // A failed write changes nothing: the program ends all the same.
    (void)arch::write(arch::kStderr, text, length).ok();
}

// Any thread. The writer goes with the context that was stored before it: release and acquire.
constinit Atomic<emma_writer> g_writer{write_to_stderr};
constinit Atomic<void*> g_context{nullptr};

struct Live {
    std::size_t objects = 0;
    std::size_t bytes = 0;
};

Live count_live() {
    Live live;
    for_each_live(g_instance, [&](void*, std::size_t bytes) {
        live.objects += 1;
        live.bytes += bytes;
        return true;
    });
    return live;
}

void put_object(const Report& report, const void* object, std::size_t bytes) {
    Line line;
    line.add("emma: leaked 0x");
    line.add_number(reinterpret_cast<std::uintptr_t>(object), 16);
    line.add(", bytes: ");
    line.add_number(bytes, 10);
    report.put(line);
}

void put_leaks(const Report& report) {
    const Live live = count_live();
    if (live.objects == 0) return;
    Line head;
    head.add("emma: leaked objects: ");
    head.add_number(live.objects, 10);
    head.add(", bytes: ");
    head.add_number(live.bytes, 10);
    report.put(head);
    std::size_t listed = 0;
    for_each_live(g_instance, [&](void* object, std::size_t bytes) {
        put_object(report, object, bytes);
        return ++listed < kListedObjects;
    });
}

// The first priority that is not the implementation's own: the fini array runs backwards, so all
// that the program has there is done by then, and so are its handlers and static objects.
[[gnu::destructor(101)]] void report_leaks() {
    if (!kLeakReport) return;
    const emma_writer write = g_writer.load(memory_order_acquire);
    if (write != nullptr) put_leaks({write, g_context.load(memory_order_relaxed)});
}

}  // namespace

void link_leak_report() {}

}  // namespace emma

EMMA_PUBLIC void emma_set_leak_writer(emma_writer write, void* context) noexcept {
    emma::g_context.store(context, emma::memory_order_relaxed);
    emma::g_writer.store(write, emma::memory_order_release);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Statistics as text for people. In a file of its own, so that only a program that prints them pays
// for it.
#include "arch/system.h"
#include "core/stats.h"

namespace emma {
namespace {

constexpr std::size_t kFigureEnd = 44;                  // columns, from 1 on
constexpr std::size_t kTableEnds[] = {12, 22, 34, 44};  // size, slabs, objects, bytes

void put_figure(const Report& report, const char* name, std::size_t value) {
    Line line;
    line.add("  ");
    line.add(name);
    line.add_number_to_column(value, kFigureEnd);
    report.put(line);
}

void put_class(const Report& report, const struct emma_class_stats& size_class) {
    Line line;
    line.add_number_to_column(size_class.slot_bytes, kTableEnds[0]);
    line.add_number_to_column(size_class.slabs, kTableEnds[1]);
    line.add_number_to_column(size_class.live_objects, kTableEnds[2]);
    line.add_number_to_column(size_class.live_objects * size_class.slot_bytes, kTableEnds[3]);
    report.put(line);
}

void put_figures(const Report& report, const struct emma_stats& stats) {
    put_figure(report, "live objects", stats.live_objects);
    put_figure(report, "live bytes", stats.live_bytes);
    put_figure(report, "mapped bytes", stats.mapped_bytes);
    put_figure(report, "mapped bytes at most", stats.mapped_peak_bytes);
    put_figure(report, "resident bytes, or less", stats.resident_bytes);
    put_figure(report, "idle bytes", stats.idle_bytes);
    put_figure(report, "arenas", stats.arenas);
    put_figure(report, "heaps", stats.heaps);
    put_figure(report, "huge objects", stats.huge_objects);
    put_figure(report, "memory system calls", stats.system_calls);
    put_figure(report, "remote frees", stats.remote_frees);
    put_figure(report, "adopted heaps", stats.adopted_heaps);
    put_figure(report, "borrowed heaps", stats.borrowed_heaps);
    put_figure(report, "stranded heaps", stats.stranded_heaps);
    put_figure(report, "bytes of stranded heaps", stats.stranded_bytes);
}

// Runs and huge objects, which have no class.
void put_larger(const Report& report, const struct emma_stats& stats) {
    std::size_t objects = stats.live_objects;
    std::size_t bytes = stats.live_bytes;
    for (const struct emma_class_stats& size_class : stats.classes) {
        objects -= size_class.live_objects;
        bytes -= size_class.live_objects * size_class.slot_bytes;
    }
    Line line;
    line.add("      larger");
    line.add_number_to_column(objects, kTableEnds[2]);
    line.add_number_to_column(bytes, kTableEnds[3]);
    report.put(line);
}

// From a debugger there is no writer to be had.
void write_to_error_output(void*, const char* text, std::size_t length) {
    (void)arch::write(arch::kStderr, text, length).ok();
}

}  // namespace

void report_stats(Instance& instance, const Report& wanted) {
    const Report report = wanted.write != nullptr ? wanted : Report{write_to_error_output, nullptr};
    struct emma_stats stats;
    gather_stats(instance, stats);
    if (&instance == &g_instance)
        if (Instance* const second = second_instance()) add_stats(*second, stats);
    Line title;
    title.add("emma: statistics");
    report.put(title);
    put_figures(report, stats);
    Line head;
    head.add("  size class     slabs     objects     bytes");
    report.put(head);
    for (const struct emma_class_stats& size_class : stats.classes)
        if (size_class.slabs != 0) put_class(report, size_class);
    put_larger(report, stats);
}

}  // namespace emma

EMMA_PUBLIC void emma_report(emma_writer write, void* context) noexcept {
    emma::report_stats(emma::g_instance, {write, context});
}

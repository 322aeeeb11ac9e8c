// SPDX-License-Identifier: MIT OR Apache-2.0
// EMMA_REPORT=1 in the environment: libemma_preload.so writes emma_report's lines to the error
// output when the program exits. One write, so that the reports of several processes do not mix.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstddef>

#include "core/stats.h"

namespace emma {
namespace {

// The longest report has 83 lines of 44 columns.
struct Text {
    char bytes[6144];
    std::size_t length;
};
constinit Text g_text{};

void append(void*, const char* text, std::size_t length) {
    for (std::size_t i = 0; i < length && g_text.length < sizeof g_text.bytes; ++i)
        g_text.bytes[g_text.length++] = text[i];
}

// The error output as it was at the start: many programs close theirs before the libraries' end
// comes. -1: no report is wanted.
constinit int g_descriptor = -1;
constinit struct stat g_file {};

bool is_file(int descriptor, const struct stat& file) {
    struct stat now;
    return fstat(descriptor, &now) == 0 && now.st_dev == file.st_dev && now.st_ino == file.st_ino;
}

// Before the program's own constructors, and not in a program that runs with others' rights.
[[gnu::constructor(101)]] void note_wish() {
    const char* const wish = secure_getenv("EMMA_REPORT");
    if (wish == nullptr || wish[0] != '1' || wish[1] != '\0') return;
    if (fstat(STDERR_FILENO, &g_file) != 0) return;
    // High, where programs do not look for descriptors that they expect.
    g_descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 500);
    if (g_descriptor < 0) g_descriptor = STDERR_FILENO;
}

// After the program's handlers and the destructors of its static objects.
[[gnu::destructor(101)]] void report_at_exit() {
    // What the program has closed may be another file by now.
    if (g_descriptor < 0 || !is_file(g_descriptor, g_file)) return;
    Line title;
    title.add("emma: process ");
    title.add_number(static_cast<std::uintptr_t>(getpid()), 10);
    const Report report{append, nullptr};
    report.put(title);
    report_stats(g_instance, report);
    // A failed write changes nothing: the program ends all the same.
    if (write(g_descriptor, g_text.bytes, g_text.length) < 0) return;
}

}  // namespace
}  // namespace emma

// SPDX-License-Identifier: MIT OR Apache-2.0
// EMMA_REPORT=1 in the environment: libemma_preload.so writes emma_report's lines to the error
// output when the program exits. One write, so that the reports of several processes do not mix.
// Without functions of the libc: each that the library names is a search at the start of every
// program, and touches pages.
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cstddef>

#include "arch/system.h"
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

// fstat(2)
bool status_of_file(int descriptor, struct stat& status) {
    return arch::syscall2(SYS_fstat, descriptor, reinterpret_cast<long>(&status)) == 0;
}

bool is_file(int descriptor, const struct stat& file) {
    struct stat now {};
    return status_of_file(descriptor, now) && now.st_dev == file.st_dev &&
           now.st_ino == file.st_ino;
}

bool is_wish(const char* variable) {
    constexpr char kWish[] = "EMMA_REPORT=1";
    for (std::size_t i = 0; i < sizeof kWish; ++i)
        if (variable[i] != kWish[i]) return false;
    return true;
}

// Whether the program runs with others' rights: getauxval(3), AT_SECURE.
bool is_secure(const Elf64_auxv_t* entry) {
    while (entry->a_type != AT_NULL && entry->a_type != AT_SECURE) ++entry;
    return entry->a_type == AT_NULL || entry->a_un.a_val != 0;
}

// Before the program's own constructors. glibc hands them main's arguments; the auxiliary vector
// lies behind the environment (psABI 3.4.1).
[[gnu::constructor(101)]] void note_wish(int, char**, char** environment) {
    bool is_wished = false;
    for (; *environment != nullptr; ++environment)
        if (is_wish(*environment)) is_wished = true;
    if (!is_wished || is_secure(reinterpret_cast<const Elf64_auxv_t*>(environment + 1))) return;
    if (!status_of_file(STDERR_FILENO, g_file)) return;
    // High, where programs do not look for descriptors that they expect.
    g_descriptor = static_cast<int>(arch::syscall3(SYS_fcntl, STDERR_FILENO, F_DUPFD_CLOEXEC, 500));
    if (g_descriptor < 0) g_descriptor = STDERR_FILENO;
}

// After the program's handlers and the destructors of its static objects.
[[gnu::destructor(101)]] void report_at_exit() {
    // What the program has closed may be another file by now.
    if (g_descriptor < 0 || !is_file(g_descriptor, g_file)) return;
    Line title;
    title.add("emma: process ");
    title.add_number(arch::process_id(), 10);
    const Report report{append, nullptr};
    report.put(title);
    report_stats(g_instance, report);
    // A failed write changes nothing: the program ends all the same.
    (void)arch::syscall3(SYS_write, g_descriptor, reinterpret_cast<long>(g_text.bytes),
                         static_cast<long>(g_text.length));
}

}  // namespace
}  // namespace emma

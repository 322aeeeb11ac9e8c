// SPDX-License-Identifier: MIT OR Apache-2.0
// Starts a program under the filter of emma_seccomp.h: Emma's groups, the calls that are named, and
// the one execve that starts it. From its first instruction on any other call kills it (SIGSYS), so
// the start of libemma_crt.a is under the filter too. tests/scripts/seccomp.sh runs the stress
// tests so.
//
//   launch GROUPS [CALL[:ARGUMENT=VALUE]...]... -- PROGRAM [ARGUMENT...]
//
// GROUPS is a sum of EMMA_SECCOMP_ALLOCATOR and so on. CALL is a number; ARGUMENT, from 0 to 5, an
// int that must have VALUE. Status 77: there are no filters here; 78: the command line; else
// PROGRAM's.
#include <emma_crt.h>
#include <emma_seccomp.h>
#include <cstddef>
#include <cstdint>

#include <asm/unistd.h>

namespace {

constexpr int kNoFilters = 77, kUsage = 78;

void print(const char* text) {
    std::size_t length = 0;
    while (text[length] != '\0') length++;
    emma_syscall(__NR_write, 2L, text, length);
}

// Reads a number and leaves `text` behind it; false: there is none.
bool read_number(const char*& text, std::uint32_t& value) {
    if (*text < '0' || *text > '9') return false;
    for (value = 0; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + static_cast<std::uint32_t>(*text - '0');
    return true;
}

bool allow(emma_seccomp_filter* filter, const char* text) {
    std::uint32_t number;
    emma_seccomp_check checks[6] = {};
    std::size_t count = 0;
    if (!read_number(text, number)) return false;
    for (; *text == ':' && count < 6; count++) {
        std::uint32_t argument, value;
        if (!read_number(++text, argument) || *text != '=') return false;
        if (!read_number(++text, value)) return false;
        checks[count] = EMMA_SECCOMP_INT(argument, value);
    }
    return *text == '\0' && emma_seccomp_allow_if(filter, long{number}, checks, count) == 0;
}

bool is_separator(const char* text) { return text[0] == '-' && text[1] == '-' && text[2] == '\0'; }

int usage() {
    print("usage: launch GROUPS [CALL[:ARGUMENT=VALUE]...]... -- PROGRAM [ARGUMENT...]\n");
    return kUsage;
}

}  // namespace

int main(int argc, char** argv, char** envp) {
    static emma_seccomp_instruction room[2 * EMMA_SECCOMP_ROOM];
    emma_seccomp_filter filter;
    emma_seccomp_begin(&filter, room, sizeof room / sizeof room[0]);
    std::uint32_t groups;
    const char* text = argc > 1 ? argv[1] : "";
    if (!read_number(text, groups) || emma_seccomp_allow_emma(&filter, groups) != 0) return usage();
    int at = 2;
    for (; at < argc && !is_separator(argv[at]); at++)
        if (!allow(&filter, argv[at])) return usage();
    if (at + 1 >= argc) return usage();
    char** const program = argv + at + 1;
    // By the addresses of its arguments, which are this image's: in the next one they mean nothing.
    const emma_seccomp_check from_here[] = {
        EMMA_SECCOMP_LONG(0, reinterpret_cast<std::uintptr_t>(program[0])),
        EMMA_SECCOMP_LONG(1, reinterpret_cast<std::uintptr_t>(program)),
        EMMA_SECCOMP_LONG(2, reinterpret_cast<std::uintptr_t>(envp))};
    emma_seccomp_allow_if(&filter, __NR_execve, from_here, 3);
    if (emma_seccomp_end(&filter, EMMA_SECCOMP_KILL_PROCESS) != 0) return usage();
    if (emma_seccomp_install(&filter, 0) != 0) {
        print("launch: this system has no seccomp filters (QEMU's user mode has none)\n");
        return kNoFilters;
    }
    emma_syscall(__NR_execve, program[0], program, envp);
    print("launch: cannot start the program\n");
    return kUsage;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// When the kernel refuses what crt asks for, the caller gets an error number, nothing is left
// mapped and the process goes on. A seccomp filter refuses clone, mprotect and mmap, one at a time.
//
// TEST-QEMU: no, because its user mode knows no seccomp
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "tests/freestanding/crt_child.h"

extern "C" int atexit(void (*function)());

namespace {

// From now on `number` fails with `error`.
void refuse(unsigned number, unsigned error) {
    sock_filter program[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | error},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    sock_fprog filter = {sizeof program / sizeof *program, program};
    CHECK(emma_syscall(SYS_prctl, 38L, 1L, 0L, 0L, 0L) == 0);  // PR_SET_NO_NEW_PRIVS
    CHECK(emma_syscall(SYS_seccomp, long{SECCOMP_SET_MODE_FILTER}, 0L, &filter) == 0);
}

int mapping_count() {
    const long file = emma_syscall(SYS_open, "/proc/self/maps", 0L);
    int lines = 0;
    char bytes[512];
    long got;
    while ((got = emma_syscall(SYS_read, file, bytes, static_cast<long>(sizeof bytes))) > 0) {
        for (long at = 0; at < got; ++at) lines += bytes[at] == '\n';
    }
    emma_syscall(SYS_close, file);
    return lines;
}

void* never_runs(void*) {
    test_failed(__FILE__, __LINE__, "a thread that could not be made does not run");
    return nullptr;
}

void check_create_fails(int error) {
    const int before = mapping_count();
    for (int round = 0; round < 3; ++round) {
        emma_thread* thread = emma_thread_self();
        CHECK(emma_thread_create(&thread, nullptr, never_runs, nullptr) == error);
        CHECK(thread == nullptr);
    }
    CHECK(mapping_count() == before);
    // The threads that were not made do not count: this is still the last one.
    CHECK(atexit([] { test_print("handler"); }) == 0);
    emma_thread_exit(nullptr);
}

void without_clone() {
    refuse(SYS_clone, EAGAIN);
    check_create_fails(EAGAIN);
}

void without_mprotect() {
    refuse(SYS_mprotect, EACCES);
    check_create_fails(ENOMEM);
}

void without_mmap() {
    refuse(SYS_mmap, EPERM);
    check_create_fails(ENOMEM);
}

int count = 0;
void counts() { ++count; }
void reports_count() { test_print(count == 31 ? "31 handlers" : "other count"); }

void many_handlers_without_mmap() {
    refuse(SYS_mmap, ENOMEM);
    CHECK(atexit(reports_count) == 0);
    for (int handler = 1; handler < 32; ++handler) CHECK(atexit(counts) == 0);
    CHECK(atexit(counts) != 0);
    CHECK(atexit(counts) != 0);
    emma_exit(6);
}

void expect(void (*body)(), int status, const char* output) {
    const child_end end = run_child(body);
    if (!starts_with(end.output, output)) test_print(end.output);
    CHECK(end.exited && end.value == status && starts_with(end.output, output));
}

}  // namespace

int main() {
    expect(without_clone, 0, "handler");
    expect(without_mprotect, 0, "handler");
    expect(without_mmap, 0, "handler");
    expect(many_handlers_without_mmap, 6, "31 handlers");
}

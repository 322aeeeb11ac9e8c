// SPDX-License-Identifier: MIT OR Apache-2.0
// What the system says of the program's memory, for tests without a libc.
#ifndef TESTS_FREESTANDING_STATUS_H
#define TESTS_FREESTANDING_STATUS_H

#include "tests/freestanding/test.h"

#include <emma_crt.h>
#include <cstddef>

// The number in the line `name` ("VmSize:") of a file under /proc/self, in KiB.
inline std::size_t test_proc_kib(const char* path, const char* name) {
    static char text[4096];
    const long file = emma_syscall(2, path, 0L, 0L);
    CHECK(file >= 0);
    const long length = emma_syscall(0, file, text, sizeof text - 1);
    CHECK(length > 0);
    emma_syscall(3, file);
    text[length] = '\0';
    for (const char* at = text; *at != '\0'; at++) {
        std::size_t i = 0;
        while (name[i] != '\0' && at[i] == name[i]) i++;
        if (name[i] != '\0') continue;
        for (at += i; *at < '0' || *at > '9';) at++;
        std::size_t value = 0;
        for (; *at >= '0' && *at <= '9'; at++) value = value * 10 + std::size_t(*at - '0');
        return value;
    }
    return 0;
}

inline std::size_t test_status_kib(const char* name) {
    return test_proc_kib("/proc/self/status", name);
}

// Counted page by page, where VmRSS of the status may lag behind; 0 where there is no such file.
inline std::size_t test_resident_kib() {
    const long file = emma_syscall(2, "/proc/self/smaps_rollup", 0L, 0L);
    if (file < 0) return 0;
    emma_syscall(3, file);
    return test_proc_kib("/proc/self/smaps_rollup", "Rss:");
}

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
// Numbers of the system calls that Emma issues on x86-64 (Linux arch/x86/entry/syscalls/
// syscall_64.tbl). Only those that the library or the program start code really make are here, so
// that this file is also the upper bound of the published list.
#pragma once

namespace emma::arch {

enum SyscallNumber : long {
    kSysWrite = 1,
    kSysMmap = 9,
    kSysMprotect = 10,
    kSysMunmap = 11,
    kSysRtSigprocmask = 14,
    kSysMremap = 25,
    kSysMadvise = 28,
    kSysGetpid = 39,
    kSysClone = 56,
    kSysExit = 60,
    kSysArchPrctl = 158,
    kSysGettid = 186,
    kSysFutex = 202,
    kSysSetTidAddress = 218,
    kSysExitGroup = 231,
    kSysTgkill = 234,
    kSysMembarrier = 324,
};

}  // namespace emma::arch

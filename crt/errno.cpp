// SPDX-License-Identifier: MIT OR Apache-2.0
// errno: one int a thread. The allocator refers to the function weakly; the host's <errno.h> and
// any object file made for it refer to it as well (LSB 5.0, __errno_location).
#include "crt/public.h"

namespace {

constinit thread_local int error_number = 0;

}  // namespace

extern "C" {

EMMA_CRT_PUBLIC int* __errno_location() { return &error_number; }

// How musl's own objects call it.
EMMA_CRT_PUBLIC int* ___errno_location() { return &error_number; }
}

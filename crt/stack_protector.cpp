// SPDX-License-Identifier: MIT OR Apache-2.0
// Where code compiled with -fstack-protector ends up when the canary of a frame was overwritten.
// Start-up sets the canary (%fs:0x28) from AT_RANDOM; every thread has the same.
#include "crt/panic.h"
#include "crt/public.h"

// The frame is not to be trusted, so nothing but one write and a trap happens.
extern "C" [[noreturn]] EMMA_CRT_PUBLIC void __stack_chk_fail() {
    emma::crt::panic("emma: stack smashing detected\n");
}

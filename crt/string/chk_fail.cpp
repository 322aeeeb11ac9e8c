// SPDX-License-Identifier: MIT OR Apache-2.0
// __chk_fail: where the checks of other libraries that were compiled with _FORTIFY_SOURCE end.
#include "crt/string/functions.h"

extern "C" [[noreturn]] EMMA_CRT_PUBLIC void __chk_fail() {
    emma::crt::panic("emma: buffer overflow detected\n");
}

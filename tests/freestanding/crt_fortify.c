// SPDX-License-Identifier: MIT OR Apache-2.0
// What _FORTIFY_SOURCE and assert make of a program by the host's headers: right calls pass,
// overflows and failed assertions end with a line that names them.
// TEST-FLAGS: -D_GNU_SOURCE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -w
#include "tests/freestanding/crt_child.h"

#include <assert.h>
#include <setjmp.h>
#include <string.h>

static struct { char bytes[16]; } user;
static char long_text[64];

// Each writes `n` bytes, the terminating zero counted, into the 16 of user.bytes.
static size_t amount;
static void* volatile sink;
static void by_memcpy(void) { memcpy(user.bytes, long_text, amount); }
static void by_memmove(void) { memmove(user.bytes, long_text, amount); }
static void by_mempcpy(void) { sink = mempcpy(user.bytes, long_text, amount); }
static void by_memset(void) { memset(user.bytes, 'z', amount); }
static void by_strcpy(void) { strcpy(user.bytes, long_text + sizeof long_text - amount); }
static void by_stpcpy(void) { sink = stpcpy(user.bytes, long_text + sizeof long_text - amount); }
static void by_strncpy(void) { strncpy(user.bytes, long_text, amount); }
static void by_stpncpy(void) { sink = stpncpy(user.bytes, long_text, amount); }
static void by_strcat(void) {
    *(char*)test_opaque_pointer(user.bytes) = 0;
    test_opaque_pointer(user.bytes);
    strcat(user.bytes, long_text + sizeof long_text - amount);
}
static void by_strncat(void) {
    *(char*)test_opaque_pointer(user.bytes) = 0;
    test_opaque_pointer(user.bytes);
    strncat(user.bytes, long_text, amount - 1);
}

static const struct {
    const char* line;
    void (*write)(void);
} functions[] = {{"memcpy", by_memcpy},   {"memmove", by_memmove}, {"mempcpy", by_mempcpy},
                 {"memset", by_memset},   {"strcpy", by_strcpy},   {"stpcpy", by_stpcpy},
                 {"strncpy", by_strncpy}, {"stpncpy", by_stpncpy}, {"strcat", by_strcat},
                 {"strncat", by_strncat}};

static void failing(void) { assert(amount == 1 && "a reason"); }

int main(void) {
    memset(long_text, 'x', sizeof long_text - 1);
    for (size_t at = 0; at < sizeof functions / sizeof *functions; at++) {
        for (amount = 1; amount <= 16; amount++) functions[at].write();
        amount = test_opaque(17);
        const struct child_end end = run_child(functions[at].write);
#if defined(__clang__)  // which checks some of them only
        if (end.exited) continue;
#endif
        CHECK(!end.exited && end.value == kSignalIll);
        CHECK(starts_with(end.output, "emma: buffer overflow detected in "));
        CHECK(starts_with(end.output + 34, functions[at].line));
    }
    const struct child_end end = run_child(failing);
    CHECK(!end.exited && end.value == kSignalIll);
    CHECK(starts_with(
        end.output,
        "emma: assertion failed: amount == 1 && \"a reason\" (tests/freestanding/crt_fortify.c:"));
    jmp_buf place;
    if (setjmp(place) == 0) longjmp(place, 1);
    return 0;
}

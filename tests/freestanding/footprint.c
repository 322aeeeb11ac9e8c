/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What a program that allocates costs at least: as the example hello (malloc, write, free, exit),
 * and it reads its own /proc/self/status: at most 20 KiB of anonymous memory beside its stack
 * (a static-PIE: a page more, which its relocation has written), at most 1 MiB of address space.
 * The stack is one to three pages, as the environment and the chance of its start have it.
 */
// TEST-FLAGS: -fno-builtin
// TEST-QEMU: no, because the figures would be the emulator's
#include "test.h"

void* malloc(size_t);
void free(void*);

/* The number behind `name` in /proc/self/status, in KiB. */
static uint64_t status_kib(const char* text, const char* name) {
    for (; *text; text++) {
        size_t i = 0;
        while (name[i] && text[i] == name[i]) i++;
        if (name[i]) continue;
        text += i;
        uint64_t value = 0;
        for (; *text != '\n'; text++)
            if (*text >= '0' && *text <= '9') value = value * 10 + (uint64_t)(*text - '0');
        return value;
    }
    return ~(uint64_t)0;
}

/* How many of the stack's pages from `page` on, in steps of `step` bytes, are resident. */
static uint64_t resident_pages(uintptr_t page, intptr_t step) {
    uint64_t count = 0;
    for (unsigned char state; !emma_syscall(27, page, 4096L, &state);
         page += (uintptr_t)step) /* mincore(2) */
        if (state & 1)
            count++;
        else if (step < 0)
            break; /* below the deepest frame; the kernel's reserve goes on */
    return count;
}

int main(void) {
    char* text = malloc(2000);
    CHECK(text);
    long file = emma_syscall(2, "/proc/self/status", 0L, 0L); /* open(2) */
    CHECK(file >= 0);
    long length = emma_syscall(0, file, text, 1999L); /* read(2) */
    CHECK(length > 0);
    text[length] = '\0';
    uint64_t anonymous = status_kib(text, "RssAnon:"), mapped = status_kib(text, "VmSize:");
    free(text);
    uintptr_t frame = (uintptr_t)&text & ~(uintptr_t)4095;
    uint64_t stack = 4 * (resident_pages(frame, 4096) + resident_pages(frame - 4096, -4096));
    test_report("RssAnon KiB", anonymous);
    test_report("of them stack", stack);
    test_report("VmSize KiB", mapped);
#ifdef __PIE__
    CHECK(anonymous - stack <= 24);
#else
    CHECK(anonymous - stack <= 20);
#endif
    CHECK(mapped <= 1024);
    return 0;
}

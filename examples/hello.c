/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * hello: the smallest program that allocates, writes, frees and exits.
 *
 * The lesson: how little that needs. Four system calls (thread pointer, one mapping, write, exit),
 * a few pages of memory, no libc, no dynamic linker.
 *
 *   emma-cc -O2 -s hello.c -o hello
 */
#include <emma.h>
#include <emma_crt.h>
#include <stdlib.h>

enum { SYSTEM_WRITE = 1, STANDARD_OUTPUT = 1 };

int main(void) {
    static const char greeting[] = "Hello from Emma\n";
    const size_t length = sizeof greeting - 1;

    char* text = malloc(length);
    if (text == NULL) return EXIT_FAILURE;
    for (size_t at = 0; at < length; at++) text[at] = greeting[at];

    const long written = emma_syscall(SYSTEM_WRITE, (long)STANDARD_OUTPUT, text, length);
    free(text);
    return written == (long)length ? EXIT_SUCCESS : EXIT_FAILURE;
}

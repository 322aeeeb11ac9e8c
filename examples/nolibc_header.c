/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * nolibc_header: a program whose start code and system calls are its own (as with a header-only
 * libc), and for which nobody has set up thread-local storage.
 *
 * The lesson: libemma.a needs no start library. Emma keeps a thread's heap in one thread-local
 * variable, so before the first allocation %fs has to point at a thread block: the program's own
 * TLS image (PT_TLS) below, a pointer to itself at %fs:0. That is 30 lines, here. A program that
 * wants no thread pointer at all links Emma built with TLS=0 and leaves them out.
 *
 *   gcc -static -nostdlib -ffreestanding -fno-stack-protector nolibc_header.c -lemma
 */
#include <emma.h>

#include <linux/auxvec.h>
#include <linux/elf.h>
#include <stddef.h>
#include <stdint.h>

#define NR_WRITE 1
#define NR_ARCH_PRCTL 158
#define NR_EXIT_GROUP 231
#define SET_FS 0x1002

static long call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

static void print(const char* text) {
    size_t length = 0;
    while (text[length]) length++;
    call(NR_WRITE, 1, (long)text, (long)length);
}

static void print_number(size_t value) {
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    print(digits + at);
}

/* ---- thread-local storage ---------------------------------------------------------------------
 * x86-64 lays the TLS image directly below the thread pointer (psABI, variant II):
 *
 *     | image, its end aligned | self pointer | ... |
 *                              ^ %fs
 */
struct thread_block {
    void* self;
    uintptr_t unused[4];
    uintptr_t canary; /* %fs:0x28, read by code with stack protectors */
};

static union {
    unsigned char bytes[1024];
    _Alignas(64) struct thread_block aligned;
} tls_area;

static void set_up_tls(const uintptr_t* auxiliary) {
    const Elf64_Phdr* headers = NULL;
    size_t count = 0;
    for (; auxiliary[0] != AT_NULL; auxiliary += 2) {
        if (auxiliary[0] == AT_PHDR) headers = (const Elf64_Phdr*)auxiliary[1];
        if (auxiliary[0] == AT_PHNUM) count = auxiliary[1];
    }
    uintptr_t thread = (uintptr_t)&tls_area + sizeof tls_area - sizeof(struct thread_block);
    thread &= ~(uintptr_t)63;
    for (size_t i = 0; i < count; i++) {
        if (headers[i].p_type != PT_TLS) continue;
        /* The image's end is aligned as the image is; what its file part leaves out stays zero. */
        const size_t size = (headers[i].p_memsz + headers[i].p_align - 1) & -headers[i].p_align;
        const unsigned char* from = (const unsigned char*)headers[i].p_vaddr;
        volatile unsigned char* to = (volatile unsigned char*)(thread - size);
        for (size_t at = 0; at < headers[i].p_filesz; at++) to[at] = from[at];
    }
    struct thread_block* block = (struct thread_block*)thread;
    block->self = block;
    call(NR_ARCH_PRCTL, SET_FS, (long)block, 0);
}

/* ---- the program ------------------------------------------------------------------------------
 */

struct node {
    struct node* next;
    size_t value;
};

static int run(void) {
    struct node* list = NULL;
    size_t sum = 0;
    for (size_t i = 1; i <= 100000; i++) {
        struct node* node = emma_malloc(sizeof *node);
        if (!node) return 1;
        *node = (struct node){list, i};
        list = node;
    }
    while (list) {
        struct node* next = list->next;
        sum += list->value;
        emma_free(list);
        list = next;
    }
    struct emma_stats stats;
    emma_stats(&stats);
    print("sum of 100000 nodes: ");
    print_number(sum);
    print("\nlive objects: ");
    print_number(stats.live_objects);
    print(", mapped KiB: ");
    print_number(stats.mapped_bytes >> 10);
    print("\n");
    return sum == 5000050000u && stats.live_objects == 0 ? 0 : 1;
}

/* What the kernel leaves on the stack: argc, argv..., NULL, environment..., NULL, auxiliary vector.
 */
__attribute__((used)) void start(const uintptr_t* stack) {
    const uintptr_t* at = stack + 1 + stack[0] + 1;
    while (*at) at++;
    set_up_tls(at + 1);
    call(NR_EXIT_GROUP, run(), 0, 0);
    __builtin_unreachable();
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "    xor %ebp, %ebp\n" /* the outermost frame */
    "    mov %rsp, %rdi\n" /* the stack as the kernel left it */
    "    and $-16, %rsp\n" /* as the psABI wants it at a call */
    "    call start\n");

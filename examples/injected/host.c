/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * host: an ordinary program of the system's libc, threads and all, that takes in a foreign piece of
 * code: it maps the file's segments, relocates them as a loader does, and calls the entry. So does
 * a loader before it has a libc, a debugger that injects a probe, a plug-in without a run time.
 *
 * The lesson: Emma in such a piece of code (built with TLS=0) works whatever %fs is, and leaves it
 * and the libc's thread block alone: called by the main thread, by threads of the libc at the same
 * time, by a signal handler that interrupted the libc's malloc or the payload itself, and with %fs
 * pointing at nothing.
 *
 *   host PAYLOAD
 */
#define _GNU_SOURCE
#include "payload.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static payload_function* payload;

static void fail(const char* what) {
    fprintf(stderr, "host: %s\n", what);
    exit(1);
}

/* ---- the loader --------------------------------------------------------------------------------
 */

static int protection_of(const Elf64_Phdr* segment) {
    return (segment->p_flags & PF_R ? PROT_READ : 0) | (segment->p_flags & PF_W ? PROT_WRITE : 0) |
           (segment->p_flags & PF_X ? PROT_EXEC : 0);
}

static void relocate(char* base, const Elf64_Dyn* dynamic) {
    const Elf64_Rela* rela = NULL;
    size_t bytes = 0;
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        if (dynamic->d_tag == DT_RELA) rela = (const Elf64_Rela*)(base + dynamic->d_un.d_ptr);
        if (dynamic->d_tag == DT_RELASZ) bytes = dynamic->d_un.d_val;
        if (dynamic->d_tag == DT_NEEDED) fail("the payload needs a library");
    }
    for (size_t i = 0; i < bytes / sizeof *rela; i++) {
        if (ELF64_R_TYPE(rela[i].r_info) != R_X86_64_RELATIVE) fail("a relocation by a symbol");
        *(uint64_t*)(base + rela[i].r_offset) = (uint64_t)base + (uint64_t)rela[i].r_addend;
    }
}

/* The file's segments at an address of the kernel's choice; its entry. */
static payload_function* load(const char* name) {
    const int file = open(name, O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) fail("the payload cannot be opened");
    const char* image = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (image == MAP_FAILED) fail("the payload cannot be read");
    const Elf64_Ehdr* header = (const Elf64_Ehdr*)image;
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_type != ET_DYN)
        fail("the payload is no position-independent ELF file");
    const Elf64_Phdr* segments = (const Elf64_Phdr*)(image + header->e_phoff);
    size_t end = 0;
    const Elf64_Dyn* dynamic = NULL;
    for (size_t i = 0; i < header->e_phnum; i++) {
        if (segments[i].p_type == PT_TLS) fail("the payload has thread-local storage");
        if (segments[i].p_type == PT_LOAD) end = segments[i].p_vaddr + segments[i].p_memsz;
    }
    char* base = mmap(NULL, end, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) fail("no memory for the payload");
    for (size_t i = 0; i < header->e_phnum; i++) {
        if (segments[i].p_type == PT_DYNAMIC) dynamic = (Elf64_Dyn*)(base + segments[i].p_vaddr);
        if (segments[i].p_type == PT_LOAD)
            memcpy(base + segments[i].p_vaddr, image + segments[i].p_offset, segments[i].p_filesz);
    }
    if (dynamic != NULL) relocate(base, dynamic);
    for (size_t i = 0; i < header->e_phnum; i++) {
        if (segments[i].p_type != PT_LOAD) continue;
        const uintptr_t start = ((uintptr_t)base + segments[i].p_vaddr) & ~(uintptr_t)4095;
        const size_t size = (uintptr_t)base + segments[i].p_vaddr + segments[i].p_memsz - start;
        if (mprotect((void*)start, size, protection_of(&segments[i])) != 0)
            fail("the payload's memory cannot be protected");
    }
    payload_function* const entry = (payload_function*)(uintptr_t)(base + header->e_entry);
    munmap((void*)(uintptr_t)image, (size_t)status.st_size);
    close(file);
    return entry;
}

/* ---- what has to come out
 * ------------------------------------------------------------------------ */

enum { WORD_COUNT = 20000, DISTINCT_COUNT = 1777 };
static char* text;

static void make_text(void) {
    char* at = text = malloc(WORD_COUNT * 8 + 1);
    if (text == NULL) fail("no memory");
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        unsigned number = i * 7919u % DISTINCT_COUNT;
        for (int letter = 0; letter < 3; letter++, number /= 26) *at++ = (char)('a' + number % 26);
        *at++ = i % 9 == 0 ? '\n' : ' ';
    }
    *at = '\0';
}

static uint64_t expected_hash = 0; /* of the first run, in the main thread */

static int is_right(const struct payload_job* job) {
    return job->failed == 0 && job->words == WORD_COUNT && job->distinct == DISTINCT_COUNT &&
           job->hash == expected_hash;
}

static struct payload_job new_job(void) {
    return (struct payload_job){.text = text, .size = strlen(text)};
}

/* ---- %fs
 * ------------------------------------------------------------------------------------------- */

enum { ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, POISON = 0x8000 };

static uintptr_t read_base(void) {
    uintptr_t base = 0;
    syscall(SYS_arch_prctl, ARCH_GET_FS, &base);
    return base;
}

/* While the base is wrong no function of the libc may run: its errno lies at %fs. */
static inline long set_base_raw(uintptr_t base) {
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"((long)SYS_arch_prctl), "D"((long)ARCH_SET_FS), "S"(base)
                     : "rcx", "r11", "memory");
    return result;
}

/* The libc's thread block: self pointers, canary, pointer guard. A payload that took it for its own
 * would write here. */
struct thread_block {
    unsigned char bytes[704];
};

__attribute__((no_stack_protector)) static void call_poisoned(struct payload_job* job) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const uintptr_t base = read_base();
    if (set_base_raw(POISON) != 0) fail("%fs cannot be set");
    payload(job);
    set_base_raw(base);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void check_main_thread(void) {
    struct payload_job job = new_job();
    struct thread_block before, after;
    const uintptr_t base = read_base();
    memcpy(&before, (void*)base, sizeof before);
    errno = 12345;
    payload(&job);
    if (errno != 12345) fail("the payload has touched errno");
    memcpy(&after, (void*)base, sizeof after);
    errno = 0;
    if (read_base() != base) fail("the payload has changed %fs");
    if (memcmp(&before, &after, sizeof before) != 0)
        fail("the payload has written to the thread block");
    expected_hash = job.hash;
    if (!is_right(&job) || job.live_objects != 0) fail("the payload's result is wrong");
    puts("main thread: right, %fs and the libc's thread block as they were");
}

static void check_poisoned(void) {
    struct payload_job job = new_job();
    const uintptr_t base = read_base();
    call_poisoned(&job);
    if (read_base() != base || !is_right(&job)) fail("with %fs pointing at nothing: wrong");
    puts("main thread with %fs pointing at nothing: right");
}

/* ---- threads of the libc
 * ----------------------------------------------------------------------------- */

enum { THREAD_COUNT = 4, ROUNDS = 20 };

static void* use_payload(void* argument) {
    (void)argument;
    for (int round = 0; round < ROUNDS; round++) {
        struct payload_job job = new_job();
        char* const own = malloc(1000 + 100 * (size_t)round);
        if (own == NULL) return "no memory";
        memset(own, round, 1000);
        if (round % 2 == 0) {
            payload(&job);
        } else {
            call_poisoned(&job);
        }
        if (!is_right(&job) || own[0] != round || own[999] != round) return "wrong";
        free(own);
    }
    return NULL;
}

static void check_threads(void) {
    pthread_t threads[THREAD_COUNT];
    for (int i = 0; i < THREAD_COUNT; i++)
        if (pthread_create(&threads[i], NULL, use_payload, NULL) != 0) fail("no thread");
    for (int i = 0; i < THREAD_COUNT; i++) {
        void* result = NULL;
        pthread_join(threads[i], &result);
        if (result != NULL) fail("the payload's result is wrong in a thread of the libc");
    }
    puts("four threads of the libc at once, every second call with %fs pointing at nothing: right");
}

/* ---- anywhere
 * ---------------------------------------------------------------------------------------- */

static volatile sig_atomic_t calls = 0, wrong = 0;

/* QEMU's user mode may enter a handler with a stack that is off by 8, against psABI 3.2.2. */
__attribute__((force_align_arg_pointer)) static void on_signal(int signal) {
    (void)signal;
    const int saved = errno;
    struct payload_job job = {.text = "one two three two one", .size = 21};
    payload(&job);
    if (job.failed != 0 || job.words != 5 || job.distinct != 3) wrong++;
    calls++;
    errno = saved;
}

static void check_anywhere(void) {
    struct sigaction action = {.sa_handler = on_signal};
    struct itimerval time = {{0, 100}, {0, 100}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &time, NULL);
    while (calls < 200 && wrong == 0) {
        struct payload_job job = new_job();
        for (int i = 0; i < 1000; i++) free(malloc((size_t)i * 7));
        payload(&job);
        if (!is_right(&job)) fail("the payload's result is wrong where a handler called it too");
    }
    time = (struct itimerval){{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &time, NULL);
    if (wrong != 0) fail("the payload's result is wrong in a signal handler");
    puts(
        "200 and more calls in a handler that interrupted the libc's malloc or the payload: right");
}

int main(int argc, char** argv) {
    if (argc != 2) {
        fputs("usage: host PAYLOAD\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    payload = load(argv[1]);
    make_text();
    check_main_thread();
    check_poisoned();
    check_threads();
    check_anywhere();
    struct payload_job job = new_job();
    payload(&job);
    if (job.live_objects != 0) fail("the payload has left something");
    free(text);
    return 0;
}

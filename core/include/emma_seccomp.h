/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Emma's published list of system calls as seccomp filters for Linux on x86-64: the list itself,
 * ready fragments of filter code made of it, and a builder that puts a program's own calls beside
 * them. Usable from C99 and C++17 on, with and without a libc: it includes no header of the kernel
 * or of a libc, and nothing here needs linking. Nothing allocates.
 *
 * A program takes the groups that it needs:
 *
 *     EMMA_SECCOMP_ALLOCATOR  all that libemma.a ever calls; nothing after emma_seal
 *     EMMA_SECCOMP_START      libemma_crt.a before main: for filters that are there before an exec
 *     EMMA_SECCOMP_THREADS    libemma_crt.a: threads start, end, are joined; static objects
 *     EMMA_SECCOMP_EXIT       libemma_crt.a: the program ends
 *     EMMA_SECCOMP_MINIMUM    in place of EMMA_SECCOMP_ALLOCATOR after emma_limit_calls
 *
 * With the builder:
 *
 *     struct emma_seccomp_instruction room[EMMA_SECCOMP_ROOM];
 *     struct emma_seccomp_filter filter;
 *     const struct emma_seccomp_check from_the_socket[] = {EMMA_SECCOMP_INT(0, 3)};
 *
 *     emma_seccomp_begin(&filter, room, EMMA_SECCOMP_ROOM);
 *     emma_seccomp_allow_emma(&filter, EMMA_SECCOMP_ALLOCATOR | EMMA_SECCOMP_EXIT);
 *     emma_seccomp_allow_if(&filter, 0, from_the_socket, 1);  // read(3, ...)
 *     emma_seccomp_allow(&filter, 228);                       // clock_gettime(...)
 *     emma_seccomp_end(&filter, EMMA_SECCOMP_KILL_PROCESS);   // every other call
 *     int error = emma_seccomp_install(&filter, 0);
 *
 * Or with the fragments, in an array of the kernel's struct sock_filter (<linux/filter.h>):
 *
 *     struct sock_filter code[] = {
 *         EMMA_SECCOMP_CODE_ARCHITECTURE
 *         EMMA_SECCOMP_CODE_ALLOCATOR
 *         EMMA_SECCOMP_CODE_EXIT
 *         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
 *     };
 *
 * A signal handler returns by rt_sigreturn (15), which is the program's own call, not Emma's.
 */
#ifndef EMMA_SECCOMP_H
#define EMMA_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

/* clang-format off */

/* ---- The list ------------------------------------------------------------------------------------
 * Every shape in which Emma makes a system call. CALL has no checked argument, CALL_IF has some:
 *
 *     CALL(shape, number)                 CALL_IF(shape, number, CHECK...)
 *
 * The shape is the one of the README's table. A check is INT(index, value), of which the kernel reads
 * the low 32 bits, or LONG(index, value), all 64. ADDR and N in a shape stand for anything. */

/* Both libraries: memory. */
#define EMMA_SECCOMP_LIST_MAPPING(CALL, CALL_IF, INT, LONG)                                         \
    CALL_IF("mmap(NULL, N, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)", 9,             \
            LONG(0, 0), LONG(2, 3), LONG(3, 0x22), INT(4, 0xffffffff), LONG(5, 0))                  \
    CALL("munmap(ADDR, N)", 11)

/* Both libraries: the line of a panic (in DEBUG builds the report of leaks too), who it is. */
#define EMMA_SECCOMP_LIST_COMMON(CALL, CALL_IF, INT, LONG)                                          \
    CALL_IF("write(2, TEXT, N)", 1, INT(0, 2))                                                      \
    CALL_IF("rt_sigprocmask(SIG_SETMASK, ~[N], NULL, N)", 14, INT(0, 2), LONG(2, 0), LONG(3, 8))    \
    CALL("getpid()", 39)

/* libemma.a alone: all that it makes after emma_limit_calls, beside mapping. */
#define EMMA_SECCOMP_LIST_DISCARDING(CALL, CALL_IF, INT, LONG)                                      \
    CALL_IF("madvise(ADDR, N, MADV_DONTNEED)", 28, INT(2, 4))

/* libemma.a alone. */
#define EMMA_SECCOMP_LIST_ALLOCATOR(CALL, CALL_IF, INT, LONG)                                       \
    CALL_IF("mmap(ADDR, N, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0)", \
            9, LONG(2, 3), LONG(3, 0x100022), INT(4, 0xffffffff), LONG(5, 0))                       \
    CALL_IF("madvise(ADDR, N, MADV_POPULATE_WRITE)", 28, INT(2, 23))                                \
    CALL_IF("madvise(ADDR, N, MADV_WIPEONFORK)", 28, INT(2, 18))                                    \
    CALL_IF("mremap(ADDR, N, N, 0)", 25, LONG(3, 0))                                                \
    CALL_IF("mremap(ADDR, N, N, MREMAP_MAYMOVE|MREMAP_FIXED, ADDR)", 25, LONG(3, 3))                \
    CALL("gettid()", 186)                                                                           \
    CALL_IF("tgkill(N, N, 0)", 234, INT(2, 0))                                                      \
    CALL_IF("membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0)", 324, INT(0, 8), INT(1, 0))           \
    CALL_IF("membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0)", 324, INT(0, 16), INT(1, 0))

/* libemma_crt.a before main. */
#define EMMA_SECCOMP_LIST_START(CALL, CALL_IF, INT, LONG)                                           \
    CALL_IF("arch_prctl(ARCH_SET_FS, ADDR)", 158, INT(0, 0x1002))                                   \
    CALL_IF("mprotect(ADDR, N, PROT_READ)", 10, LONG(2, 1))                                         \
    CALL_IF("mprotect(ADDR, N, PROT_READ|PROT_WRITE)", 10, LONG(2, 3))

/* libemma_crt.a, for threads. */
#define EMMA_SECCOMP_LIST_THREADS(CALL, CALL_IF, INT, LONG)                                         \
    CALL_IF("mprotect(ADDR, N, PROT_NONE)", 10, LONG(2, 0))                                         \
    CALL_IF("clone(child_stack=ADDR, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, parent_tid=[N], tls=ADDR, child_tidptr=ADDR)", \
            56, LONG(0, 0x3d0f00))                                                                  \
    CALL_IF("futex(ADDR, FUTEX_WAIT, N, NULL)", 202, INT(1, 0), LONG(3, 0))                         \
    CALL_IF("futex(ADDR, FUTEX_WAIT_PRIVATE, N, NULL)", 202, INT(1, 128), LONG(3, 0))               \
    CALL_IF("futex(ADDR, FUTEX_WAKE_PRIVATE, N)", 202, INT(1, 129))                                 \
    CALL_IF("rt_sigprocmask(SIG_SETMASK, ~[N], [N], N)", 14, INT(0, 2), LONG(3, 8))                 \
    CALL_IF("set_tid_address(0)", 218, LONG(0, 0))                                                  \
    CALL("exit(N)", 60)

/* libemma_crt.a, at the program's end. */
#define EMMA_SECCOMP_LIST_EXIT(CALL, CALL_IF, INT, LONG)                                            \
    CALL("exit_group(N)", 231)

/* ---- Fragments of filter code made of the list ----------------------------------------------------
 * Initialisers of struct sock_filter, or of struct emma_seccomp_instruction below; each ends in a comma.
 * A fragment allows its calls and goes on behind itself with every other, so that fragments and own
 * code may follow each other in any order. The architecture comes first. */

/* Kills the process where the call is not one of x86-64: the kernel also takes those of i386 (int
 * 0x80) and of x32 from any program, with other numbers for other calls. */
#define EMMA_SECCOMP_CODE_ARCHITECTURE                                                              \
    {0x20, 0, 0, 4},                            /* load: architecture */                            \
    {0x15, 0, 2, 0xc000003eu},                  /* AUDIT_ARCH_X86_64? */                            \
    {0x20, 0, 0, 0},                            /* load: number */                                  \
    {0x35, 0, 1, 0x40000000u},                  /* one of x32? */                                   \
    {0x06, 0, 0, 0x80000000u},                  /* SECCOMP_RET_KILL_PROCESS */

#define EMMA_SECCOMP_CODE_ALLOCATOR                                                                 \
    EMMA_SECCOMP_CODE_MINIMUM EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_COMMON)                       \
    EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_ALLOCATOR)
#define EMMA_SECCOMP_CODE_START                                                                     \
    EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_MAPPING) EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_COMMON) \
    EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_START)
#define EMMA_SECCOMP_CODE_THREADS                                                                   \
    EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_MAPPING) EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_COMMON) \
    EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_THREADS)
#define EMMA_SECCOMP_CODE_MINIMUM                                                                   \
    EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_MAPPING) EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_DISCARDING)
#define EMMA_SECCOMP_CODE_EXIT EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_EXIT)

/* What follows is how a line of the list becomes code: the number, then each 32-bit word of the
 * checked arguments, is compared, and the first that differs leads behind the line's code. */
#define EMMA_SECCOMP_CODE_OF_(LIST)                                                                 \
    LIST(EMMA_SECCOMP_CODE_CALL_, EMMA_SECCOMP_CODE_CALL_IF_, EMMA_SECCOMP_WORD_INT_, EMMA_SECCOMP_WORD_LONG_)
#define EMMA_SECCOMP_CODE_CALL_(shape, number)                                                      \
    EMMA_SECCOMP_COMPARE_(0, number, 1) EMMA_SECCOMP_RETURN_ALLOW_
#define EMMA_SECCOMP_CODE_CALL_IF_(shape, number, ...)                                              \
    EMMA_SECCOMP_WORDS_(EMMA_SECCOMP_COUNT_(0, number, __VA_ARGS__), 0, number, __VA_ARGS__)        \
    EMMA_SECCOMP_RETURN_ALLOW_
/* Where struct seccomp_data has an argument, and what has to be there. */
#define EMMA_SECCOMP_WORD_INT_(index, value) 16 + 8 * (index), EMMA_SECCOMP_LOW_(value)
#define EMMA_SECCOMP_WORD_LONG_(index, value)                                                       \
    16 + 8 * (index), EMMA_SECCOMP_LOW_(value), 20 + 8 * (index), EMMA_SECCOMP_HIGH_(value)
#define EMMA_SECCOMP_LOW_(value) ((uint32_t)((uint64_t)(value) & 0xffffffffu))
#define EMMA_SECCOMP_HIGH_(value) ((uint32_t)((uint64_t)(value) >> 32))
/* `left` counts the comparisons to come, this one among them. */
#define EMMA_SECCOMP_COMPARE_(at, value, left) {0x20, 0, 0, at}, {0x15, 0, 2 * (left)-1, value},
#define EMMA_SECCOMP_RETURN_ALLOW_ {0x06, 0, 0, 0x7fff0000u},

#define EMMA_SECCOMP_COUNT_(...)                                                                    \
    EMMA_SECCOMP_TWENTY_FIRST_(__VA_ARGS__, 10, 0, 9, 0, 8, 0, 7, 0, 6, 0, 5, 0, 4, 0, 3, 0, 2, 0, 1, 0, 0)
#define EMMA_SECCOMP_TWENTY_FIRST_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, count, ...) count
#define EMMA_SECCOMP_WORDS_(count, ...) EMMA_SECCOMP_WORDS_AGAIN_(count, __VA_ARGS__)
#define EMMA_SECCOMP_WORDS_AGAIN_(count, ...) EMMA_SECCOMP_WORDS_##count##_(__VA_ARGS__)
#define EMMA_SECCOMP_WORDS_1_(w, v) EMMA_SECCOMP_COMPARE_(w, v, 1)
#define EMMA_SECCOMP_WORDS_2_(w, v, ...) EMMA_SECCOMP_COMPARE_(w, v, 2) EMMA_SECCOMP_WORDS_1_(__VA_ARGS__)
#define EMMA_SECCOMP_WORDS_3_(w, v, ...) EMMA_SECCOMP_COMPARE_(w, v, 3) EMMA_SECCOMP_WORDS_2_(__VA_ARGS__)
#define EMMA_SECCOMP_WORDS_4_(w, v, ...) EMMA_SECCOMP_COMPARE_(w, v, 4) EMMA_SECCOMP_WORDS_3_(__VA_ARGS__)
#define EMMA_SECCOMP_WORDS_5_(w, v, ...) EMMA_SECCOMP_COMPARE_(w, v, 5) EMMA_SECCOMP_WORDS_4_(__VA_ARGS__)
#define EMMA_SECCOMP_WORDS_6_(w, v, ...) EMMA_SECCOMP_COMPARE_(w, v, 6) EMMA_SECCOMP_WORDS_5_(__VA_ARGS__)
#define EMMA_SECCOMP_WORDS_7_(w, v, ...) EMMA_SECCOMP_COMPARE_(w, v, 7) EMMA_SECCOMP_WORDS_6_(__VA_ARGS__)
#define EMMA_SECCOMP_WORDS_8_(w, v, ...) EMMA_SECCOMP_COMPARE_(w, v, 8) EMMA_SECCOMP_WORDS_7_(__VA_ARGS__)
#define EMMA_SECCOMP_WORDS_9_(w, v, ...) EMMA_SECCOMP_COMPARE_(w, v, 9) EMMA_SECCOMP_WORDS_8_(__VA_ARGS__)
#define EMMA_SECCOMP_WORDS_10_(w, v, ...) EMMA_SECCOMP_COMPARE_(w, v, 10) EMMA_SECCOMP_WORDS_9_(__VA_ARGS__)

/* And how it becomes data. */
#define EMMA_SECCOMP_RULES_                                                                         \
    EMMA_SECCOMP_LIST_MAPPING(EMMA_SECCOMP_IN_MAPPING_, EMMA_SECCOMP_IN_MAPPING_IF_, EMMA_SECCOMP_INT, EMMA_SECCOMP_LONG) \
    EMMA_SECCOMP_LIST_DISCARDING(EMMA_SECCOMP_IN_DISCARDING_, EMMA_SECCOMP_IN_DISCARDING_IF_, EMMA_SECCOMP_INT, EMMA_SECCOMP_LONG) \
    EMMA_SECCOMP_LIST_COMMON(EMMA_SECCOMP_IN_COMMON_, EMMA_SECCOMP_IN_COMMON_IF_, EMMA_SECCOMP_INT, EMMA_SECCOMP_LONG) \
    EMMA_SECCOMP_LIST_ALLOCATOR(EMMA_SECCOMP_IN_ALLOCATOR_, EMMA_SECCOMP_IN_ALLOCATOR_IF_, EMMA_SECCOMP_INT, EMMA_SECCOMP_LONG) \
    EMMA_SECCOMP_LIST_START(EMMA_SECCOMP_IN_START_, EMMA_SECCOMP_IN_START_IF_, EMMA_SECCOMP_INT, EMMA_SECCOMP_LONG) \
    EMMA_SECCOMP_LIST_THREADS(EMMA_SECCOMP_IN_THREADS_, EMMA_SECCOMP_IN_THREADS_IF_, EMMA_SECCOMP_INT, EMMA_SECCOMP_LONG) \
    EMMA_SECCOMP_LIST_EXIT(EMMA_SECCOMP_IN_EXIT_, EMMA_SECCOMP_IN_EXIT_IF_, EMMA_SECCOMP_INT, EMMA_SECCOMP_LONG)
#define EMMA_SECCOMP_OF_COMMON_ (EMMA_SECCOMP_ALLOCATOR | EMMA_SECCOMP_START | EMMA_SECCOMP_THREADS)
#define EMMA_SECCOMP_OF_MAPPING_ (EMMA_SECCOMP_OF_COMMON_ | EMMA_SECCOMP_MINIMUM)
#define EMMA_SECCOMP_OF_DISCARDING_ (EMMA_SECCOMP_ALLOCATOR | EMMA_SECCOMP_MINIMUM)
#define EMMA_SECCOMP_IN_MAPPING_(shape, number) {shape, EMMA_SECCOMP_OF_MAPPING_, number, {{0, 0, 0}}},
#define EMMA_SECCOMP_IN_MAPPING_IF_(shape, number, ...) {shape, EMMA_SECCOMP_OF_MAPPING_, number, {__VA_ARGS__}},
#define EMMA_SECCOMP_IN_DISCARDING_(shape, number) {shape, EMMA_SECCOMP_OF_DISCARDING_, number, {{0, 0, 0}}},
#define EMMA_SECCOMP_IN_DISCARDING_IF_(shape, number, ...) {shape, EMMA_SECCOMP_OF_DISCARDING_, number, {__VA_ARGS__}},
#define EMMA_SECCOMP_IN_COMMON_(shape, number) {shape, EMMA_SECCOMP_OF_COMMON_, number, {{0, 0, 0}}},
#define EMMA_SECCOMP_IN_COMMON_IF_(shape, number, ...) {shape, EMMA_SECCOMP_OF_COMMON_, number, {__VA_ARGS__}},
#define EMMA_SECCOMP_IN_ALLOCATOR_(shape, number) {shape, EMMA_SECCOMP_ALLOCATOR, number, {{0, 0, 0}}},
#define EMMA_SECCOMP_IN_ALLOCATOR_IF_(shape, number, ...) {shape, EMMA_SECCOMP_ALLOCATOR, number, {__VA_ARGS__}},
#define EMMA_SECCOMP_IN_START_(shape, number) {shape, EMMA_SECCOMP_START, number, {{0, 0, 0}}},
#define EMMA_SECCOMP_IN_START_IF_(shape, number, ...) {shape, EMMA_SECCOMP_START, number, {__VA_ARGS__}},
#define EMMA_SECCOMP_IN_THREADS_(shape, number) {shape, EMMA_SECCOMP_THREADS, number, {{0, 0, 0}}},
#define EMMA_SECCOMP_IN_THREADS_IF_(shape, number, ...) {shape, EMMA_SECCOMP_THREADS, number, {__VA_ARGS__}},
#define EMMA_SECCOMP_IN_EXIT_(shape, number) {shape, EMMA_SECCOMP_EXIT, number, {{0, 0, 0}}},
#define EMMA_SECCOMP_IN_EXIT_IF_(shape, number, ...) {shape, EMMA_SECCOMP_EXIT, number, {__VA_ARGS__}},

/* Initialisers of checks, for the program's own calls. The kernel reads the low 32 bits of an argument
 * that is an int or an unsigned (descriptors, signals, most commands), all 64 of a long, a size or a
 * pointer (see man 2 of the call): a check of more than it reads would refuse what a compiler leaves in
 * the upper half. */
#define EMMA_SECCOMP_INT(index, required) {(index), 0xffffffffu, EMMA_SECCOMP_LOW_(required)}
#define EMMA_SECCOMP_LONG(index, required) {(index), ~(uint64_t)0, (uint64_t)(required)}
#define EMMA_SECCOMP_BITS(index, bits, required) {(index), (uint64_t)(bits), (uint64_t)(required)}
/* clang-format on */

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The list as data
 * ---------------------------------------------------------------------------- */

/* Groups of the list; may be combined by |. */
#define EMMA_SECCOMP_ALLOCATOR 1u
#define EMMA_SECCOMP_START 2u
#define EMMA_SECCOMP_THREADS 4u
#define EMMA_SECCOMP_EXIT 8u
#define EMMA_SECCOMP_MINIMUM 16u
#define EMMA_SECCOMP_CRT (EMMA_SECCOMP_START | EMMA_SECCOMP_THREADS | EMMA_SECCOMP_EXIT)
#define EMMA_SECCOMP_ALL (EMMA_SECCOMP_ALLOCATOR | EMMA_SECCOMP_MINIMUM | EMMA_SECCOMP_CRT)

/* An argument is as wanted where `(argument & mask) == value`. */
struct emma_seccomp_check {
    unsigned argument; /* 0 to 5 */
    uint64_t mask;
    uint64_t value; /* within the mask */
};

/* A line of the list. Of its checks those with an empty mask are none. */
struct emma_seccomp_rule {
    const char* shape; /* as in the README's table */
    unsigned groups;   /* that have the line */
    unsigned number;
    struct emma_seccomp_check checks[6];
};

/* The whole list, in the order of the fragments; `*count` lines. */
static inline const struct emma_seccomp_rule* emma_seccomp_rules(size_t* count) {
    static const struct emma_seccomp_rule rules[] = {EMMA_SECCOMP_RULES_};
    *count = sizeof rules / sizeof rules[0];
    return rules;
}

/* ---- The builder
 * --------------------------------------------------------------------------------- */

/* What the kernel calls struct sock_filter. */
struct emma_seccomp_instruction {
    uint16_t code;
    uint8_t if_true;
    uint8_t if_false;
    uint32_t value;
};

/* What the kernel calls struct sock_fprog, and beside it how the building goes. Belongs to one
 * thread at a time; the instructions are the caller's memory and must stay until the filter is
 * installed. */
struct emma_seccomp_filter {
    uint16_t count;
    struct emma_seccomp_instruction* instructions;
    size_t room;
    int error; /* of the first step that failed; every later one does nothing */
};

/* Room for all of Emma's calls and at least 40 of the program's own with two checks each, of any
 * kind (15 instructions each at most), and the last word. 8 bytes an instruction. */
#define EMMA_SECCOMP_ROOM 800

/* What happens to a call (SECCOMP_RET_*). KILL_THREAD leaves the other threads running: what the
 * dead one had in hand is lost, but nobody waits for it. ERRNO(n): the call fails with error number
 * n. TRAP: SIGSYS, which may be handled. LOG: the call is made and logged. */
#define EMMA_SECCOMP_KILL_PROCESS 0x80000000u
#define EMMA_SECCOMP_KILL_THREAD 0x00000000u
#define EMMA_SECCOMP_TRAP 0x00030000u
#define EMMA_SECCOMP_ERRNO(number) (0x00050000u | ((uint32_t)(number)&0xffffu))
#define EMMA_SECCOMP_LOG 0x7ffc0000u
#define EMMA_SECCOMP_ALLOW 0x7fff0000u

/* For emma_seccomp_install: every thread of the process comes under the filter, not the caller
 * alone. (Threads that are started later inherit it in any case.) */
#define EMMA_SECCOMP_ALL_THREADS 1u

/* Every function of the builder returns 0, or an error number that it stores in the filter too:
 * ENOMEM, the room does not suffice; EINVAL, an argument that no call has, a value outside of its
 * mask, more than 6 checks, a number that no call of x86-64 has. Signal-safe; no system call but in
 * emma_seccomp_install. */
#define EMMA_SECCOMP_ENOMEM_ 12
#define EMMA_SECCOMP_EINVAL_ 22

/* Any code that ends behind itself, such as a fragment; count instructions. */
static inline int emma_seccomp_append(struct emma_seccomp_filter* filter,
                                      const struct emma_seccomp_instruction* code, size_t count) {
    if (filter->error != 0) return filter->error;
    if (count > filter->room - filter->count || count > 4096u - filter->count)
        return filter->error = EMMA_SECCOMP_ENOMEM_;
    for (size_t i = 0; i < count; i++) {
        filter->instructions[filter->count] = code[i];
        filter->count++;
    }
    return 0;
}

/* An empty filter in `room` instructions of memory; the check of the architecture is in it. */
static inline int emma_seccomp_begin(struct emma_seccomp_filter* filter,
                                     struct emma_seccomp_instruction* instructions, size_t room) {
    static const struct emma_seccomp_instruction code[] = {EMMA_SECCOMP_CODE_ARCHITECTURE};
    filter->count = 0;
    filter->instructions = instructions;
    filter->room = room;
    filter->error = 0;
    return emma_seccomp_append(filter, code, sizeof code / sizeof code[0]);
}

/* Allows Emma's own calls, in the listed shapes. */
static inline int emma_seccomp_allow_emma(struct emma_seccomp_filter* filter, unsigned groups) {
    static const struct emma_seccomp_instruction mapping[] = {
        EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_MAPPING)};
    static const struct emma_seccomp_instruction discarding[] = {
        EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_DISCARDING)};
    static const struct emma_seccomp_instruction common[] = {
        EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_COMMON)};
    static const struct emma_seccomp_instruction allocator[] = {
        EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_ALLOCATOR)};
    static const struct emma_seccomp_instruction start[] = {
        EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_START)};
    static const struct emma_seccomp_instruction threads[] = {
        EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_THREADS)};
    static const struct emma_seccomp_instruction end[] = {
        EMMA_SECCOMP_CODE_OF_(EMMA_SECCOMP_LIST_EXIT)};
    if (filter->error == 0 && (groups & ~EMMA_SECCOMP_ALL) != 0)
        filter->error = EMMA_SECCOMP_EINVAL_;
    if ((groups & EMMA_SECCOMP_OF_MAPPING_) != 0)
        emma_seccomp_append(filter, mapping, sizeof mapping / sizeof mapping[0]);
    if ((groups & EMMA_SECCOMP_OF_DISCARDING_) != 0)
        emma_seccomp_append(filter, discarding, sizeof discarding / sizeof discarding[0]);
    if ((groups & EMMA_SECCOMP_OF_COMMON_) != 0)
        emma_seccomp_append(filter, common, sizeof common / sizeof common[0]);
    if ((groups & EMMA_SECCOMP_ALLOCATOR) != 0)
        emma_seccomp_append(filter, allocator, sizeof allocator / sizeof allocator[0]);
    if ((groups & EMMA_SECCOMP_START) != 0)
        emma_seccomp_append(filter, start, sizeof start / sizeof start[0]);
    if ((groups & EMMA_SECCOMP_THREADS) != 0)
        emma_seccomp_append(filter, threads, sizeof threads / sizeof threads[0]);
    if ((groups & EMMA_SECCOMP_EXIT) != 0)
        emma_seccomp_append(filter, end, sizeof end / sizeof end[0]);
    return filter->error;
}

/* Appends the comparison of a 32-bit word of what the kernel tells of a call; 3 instructions at
 * most. */
static inline size_t emma_seccomp_compare_(struct emma_seccomp_instruction* code, size_t at,
                                           uint64_t mask, uint64_t value) {
    const uint32_t word_mask = (uint32_t)(mask & 0xffffffffu);
    const struct emma_seccomp_instruction load = {0x20, 0, 0, (uint32_t)at};
    const struct emma_seccomp_instruction keep = {0x54, 0, 0, word_mask};
    const struct emma_seccomp_instruction compare = {0x15, 0, 0, (uint32_t)(value & 0xffffffffu)};
    size_t length = 0;
    if (word_mask == 0) return 0;
    code[length++] = load;
    if (word_mask != 0xffffffffu) code[length++] = keep;
    code[length++] = compare;
    return length;
}

/* One call whose arguments pass all checks gets the action; else the filter goes on behind. */
static inline int emma_seccomp_add(struct emma_seccomp_filter* filter, long number,
                                   const struct emma_seccomp_check* checks, size_t count,
                                   uint32_t action) {
    /* The number and two words of each argument, then the action. */
    struct emma_seccomp_instruction code[(1 + 6 * 2) * 3 + 1];
    const struct emma_seccomp_instruction decide = {0x06, 0, 0, action};
    size_t length = 0;
    if (filter->error != 0) return filter->error;
    if (number < 0 || number >= 0x40000000L || count > 6)
        return filter->error = EMMA_SECCOMP_EINVAL_;
    length += emma_seccomp_compare_(code, 0, 0xffffffffu, (uint64_t)number);
    for (size_t i = 0; i < count; i++) {
        const struct emma_seccomp_check* const check = &checks[i];
        const size_t at = 16 + 8 * (size_t)check->argument;
        if (check->argument > 5 || (check->value & ~check->mask) != 0)
            return filter->error = EMMA_SECCOMP_EINVAL_;
        length += emma_seccomp_compare_(code + length, at, check->mask, check->value);
        length +=
            emma_seccomp_compare_(code + length, at + 4, check->mask >> 32, check->value >> 32);
    }
    /* A comparison that fails leads behind the action. */
    for (size_t i = 0; i < length; i++)
        if (code[i].code == 0x15) code[i].if_false = (uint8_t)(length - i);
    code[length++] = decide;
    return emma_seccomp_append(filter, code, length);
}

/* Allows a call of the program's whatever its arguments are. */
static inline int emma_seccomp_allow(struct emma_seccomp_filter* filter, long number) {
    return emma_seccomp_add(filter, number, NULL, 0, EMMA_SECCOMP_ALLOW);
}

/* Allows a call of the program's where all checks hold; several for one number: any of them. */
static inline int emma_seccomp_allow_if(struct emma_seccomp_filter* filter, long number,
                                        const struct emma_seccomp_check* checks, size_t count) {
    return emma_seccomp_add(filter, number, checks, count, EMMA_SECCOMP_ALLOW);
}

/* What happens to every call that nothing before has decided on. The filter is complete. */
static inline int emma_seccomp_end(struct emma_seccomp_filter* filter, uint32_t default_action) {
    const struct emma_seccomp_instruction code = {0x06, 0, 0, default_action};
    return emma_seccomp_append(filter, &code, 1);
}

/* Puts the calling thread (or all, see the flag) under a complete filter, for good: gives up the
 * right to gain privileges by exec (prctl, PR_SET_NO_NEW_PRIVS), then calls seccomp(2). Returns 0,
 * the error of the building, or the kernel's: ENOSYS or EINVAL where there are no filters (QEMU's
 * user mode has none), ESRCH where a thread has another filter already. Touches no errno. */
static inline int emma_seccomp_install(const struct emma_seccomp_filter* filter, unsigned flags) {
#if defined(__x86_64__)
    long result;
    if (filter->error != 0) return filter->error;
    __asm__ volatile("xorl %%r10d, %%r10d; xorl %%r8d, %%r8d; syscall"
                     : "=a"(result) /* prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) */
                     : "a"(157L), "D"(38L), "S"(1L), "d"(0L)
                     : "rcx", "r8", "r10", "r11", "memory");
    if (result < 0) return (int)-result;
    __asm__ volatile("syscall" /* seccomp(SECCOMP_SET_MODE_FILTER, flags, filter) */
                     : "=a"(result)
                     : "a"(317L), "D"(1L), "S"((unsigned long)flags), "d"(filter)
                     : "rcx", "r11", "memory");
    return result < 0 ? (int)-result : result > 0 ? 3 : 0;
#else
    (void)filter;
    (void)flags;
    return 38; /* ENOSYS */
#endif
}

#ifdef __cplusplus
}
#endif

#endif /* EMMA_SECCOMP_H */

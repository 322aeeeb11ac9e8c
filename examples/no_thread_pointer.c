/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * no_thread_pointer: a program whose %fs points at nothing, in every thread, from before the first
 * allocation to the end. Any access through %fs would be a segmentation fault at once.
 *
 * The lesson: libemma.a built with TLS=0 does not know that there is a thread pointer. That is what
 * code needs that runs where it did not set %fs: before a loader has set it up, in a thread of raw
 * clone(2), in a handler, injected into a foreign process (examples/injected shows that).
 *
 *   make TLS=0 && gcc -static -nostdlib -ffreestanding -fno-stack-protector -Ibuild/notls/include \
 *       no_thread_pointer.c build/notls/libemma.a
 *
 * Linked to a libemma.a built with TLS=1 the same program dies of its first allocation.
 */
#include <emma.h>

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the system -------------------------------------------------------------------------------
 */

static long call(long number, long a, long b, long c, long d) {
    register long fourth __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                     : "rcx", "r11", "memory");
    return result;
}

static void print(const char* text) {
    size_t length = 0;
    while (text[length] != '\0') length++;
    call(__NR_write, 1, (long)text, (long)length, 0);
}

static void print_number(size_t value) {
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    print(digits + at);
}

static void check(int condition, const char* what) {
    if (condition) return;
    print("not so: ");
    print(what);
    print("\n");
    for (;;) call(__NR_exit_group, 1, 0, 0, 0);
}

/* ---- the poison ---------------------------------------------------------------------------------
 * An address in the first 64 KiB, where nothing is ever mapped: everything within 16 KiB of it, in
 * both directions, faults. Each thread has another one. */

enum { POISON = 0x8000, ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003 };

static uintptr_t poison_of(size_t thread) { return POISON + 0x100 * thread; }

static uintptr_t read_base(void) {
    uintptr_t base = 0;
    check(call(__NR_arch_prctl, ARCH_GET_FS, (long)&base, 0, 0) == 0,
          "the base of %fs can be read");
    return base;
}

/* The poison works: a child process that reads %fs:0, where every libc keeps a pointer, dies. */
static void check_that_poison_kills(void) {
    enum { SIGNAL_SEGV = 11 };
    int status = 0;
    const long child = call(__NR_fork, 0, 0, 0, 0);
    if (child == 0) {
        uintptr_t self;
        const unsigned long no_core[2] = {0, 0};
        call(__NR_setrlimit, 4, (long)no_core, 0, 0);
        __asm__ volatile("mov %%fs:0, %0" : "=r"(self));
        call(__NR_exit_group, self == 0 ? 2 : 3, 0, 0, 0);
    }
    check(child > 0 && call(__NR_wait4, child, (long)&status, 0, 0) == child,
          "a child can be made");
    check((status & 0x7f) == SIGNAL_SEGV, "an access through %fs is a segmentation fault");
}

/* ---- work: a search tree of strings -------------------------------------------------------------
 */

struct node {
    struct node *left, *right;
    uint64_t key;
    char* text;
};

static uint64_t next_random(uint64_t* state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static size_t text_size(uint64_t key) { return key % 50 == 0 ? key % 100000 + 1 : key % 200 + 1; }

static struct node** find(struct node** at, uint64_t key) {
    while (*at != NULL && (*at)->key != key) at = key < (*at)->key ? &(*at)->left : &(*at)->right;
    return at;
}

static int insert(struct node** root, uint64_t key) {
    struct node** const place = find(root, key);
    const size_t size = text_size(key);
    if (*place != NULL) return 0;
    struct node* const node = emma_calloc(1, sizeof *node);
    /* First too short, then as long as it has to be. */
    char* text = emma_malloc(size / 2 + 1);
    check(node != NULL && text != NULL, "there is memory");
    text[0] = (char)key;
    text = emma_realloc(text, size);
    check(text != NULL && text[0] == (char)key, "a resized text keeps its bytes");
    text[size - 1] = (char)(key >> 8);
    node->key = key;
    node->text = text;
    *place = node;
    return 1;
}

/* Takes out the smallest of a tree. */
static struct node* take_first(struct node** root) {
    while ((*root)->left != NULL) root = &(*root)->left;
    struct node* const node = *root;
    *root = node->right;
    return node;
}

static void end(struct node* node) {
    const size_t size = text_size(node->key);
    check(node->text[size - 1] == (char)(size == 1 ? node->text[0] : (char)(node->key >> 8)),
          "a text is what it was");
    emma_free(node->text);
    emma_free(node);
}

/* Where the threads leave nodes for each other: most are freed by another than their maker. */
static struct node* exchange[64];

static size_t work(uint64_t seed) {
    struct node* root = NULL;
    size_t done = 0;
    for (size_t i = 0; i < 20000; i++) {
        done += (size_t)insert(&root, next_random(&seed) % 4000 + 1);
        if (root == NULL || i % 3 != 0) continue;
        struct node* const node = __atomic_exchange_n(&exchange[next_random(&seed) % 64],
                                                      take_first(&root), __ATOMIC_ACQ_REL);
        if (node != NULL) end(node);
    }
    while (root != NULL) end(take_first(&root));
    /* Every kind of memory: a huge object that grows, an aligned one, a heap of one's own. */
    char* huge = emma_malloc(5000000);
    check(huge != NULL && (huge = emma_realloc(huge, 9000000)) != NULL, "huge objects");
    huge[8999999] = 1;
    emma_free(huge);
    void* const aligned = emma_aligned_alloc(65536, 70000);
    check(aligned != NULL && (uintptr_t)aligned % 65536 == 0, "aligned objects");
    emma_free(aligned);
    emma_heap* const heap = emma_heap_create(NULL);
    check(heap != NULL && emma_heap_alloc(heap, 1000, 16) != NULL, "heaps of one's own");
    emma_heap_destroy(heap);
    return done;
}

/* ---- a handler that interrupts it
 * ----------------------------------------------------------------- */

static size_t handler_count = 0;

/* QEMU's user mode may enter a handler with a stack that is off by 8, against psABI 3.2.2. */
__attribute__((force_align_arg_pointer)) static void on_signal(int signal) {
    (void)signal;
    void* const object = emma_malloc(100);
    check(object != NULL, "a handler has memory");
    emma_free(object);
    __atomic_fetch_add(&handler_count, 1, __ATOMIC_RELAXED);
}

__asm__(
    "return_from_handler:\n"
    "    mov $15, %eax\n" /* rt_sigreturn */
    "    syscall\n");
void return_from_handler(void);

static void set_timer(unsigned long microseconds) {
    enum { SIGNAL_ALARM = 14, SA_RESTORER = 0x04000000 };
    const uintptr_t action[4] = {(uintptr_t)on_signal, SA_RESTORER, (uintptr_t)return_from_handler,
                                 0};
    const unsigned long time[4] = {0, microseconds, 0, microseconds};
    check(call(__NR_rt_sigaction, SIGNAL_ALARM, (long)action, 0, 8) == 0, "a handler can be set");
    check(call(__NR_setitimer, 0, (long)time, 0, 0) == 0, "a timer can be set");
}

/* ---- threads of raw clone(2) -------------------------------------------------------------------
 */

enum { THREAD_COUNT = 4, STACK_BYTES = 65536 };

struct thread {
    uint32_t id; /* the kernel clears it when the thread has ended */
    size_t number;
    size_t done;
    char* stack;
};
static struct thread threads[THREAD_COUNT];

__attribute__((used)) static void be_thread(struct thread* thread) {
    check(read_base() == poison_of(thread->number), "a thread begins with a poisoned %fs");
    thread->done = work(thread->number * 0x9e3779b97f4a7c15);
    check(read_base() == poison_of(thread->number), "a thread ends with a poisoned %fs");
    for (;;) call(__NR_exit, 0, 0, 0, 0);
}

/* clone(flags, stack, parent_tid, child_tid, tls); the child finds its argument on its stack. */
static void start_thread(struct thread* thread) {
    /* VM FS FILES SIGHAND THREAD SYSVSEM SETTLS PARENT_SETTID CHILD_CLEARTID */
    const unsigned long flags = 0x3d0f00;
    thread->stack = emma_aligned_alloc(16, STACK_BYTES);
    check(thread->stack != NULL, "there is memory for a stack");
    uintptr_t* const top = (uintptr_t*)(thread->stack + STACK_BYTES) - 2;
    top[0] = (uintptr_t)thread;
    register long child_tid __asm__("r10") = (long)&thread->id;
    register long tls __asm__("r8") = (long)poison_of(thread->number);
    long result;
    __asm__ volatile(
        "syscall\n"
        "test %%rax, %%rax\n"
        "jnz 1f\n"
        "xor %%ebp, %%ebp\n"
        "mov (%%rsp), %%rdi\n"
        "call be_thread\n"
        "1:\n"
        : "=a"(result)
        : "a"((long)__NR_clone), "D"(flags), "S"(top), "d"(&thread->id), "r"(child_tid), "r"(tls)
        : "rcx", "r11", "memory");
    check(result > 0, "a thread can be started");
}

static void join_thread(struct thread* thread) {
    enum { FUTEX_WAIT = 0 };
    uint32_t id;
    while ((id = __atomic_load_n(&thread->id, __ATOMIC_ACQUIRE)) != 0)
        call(__NR_futex, (long)&thread->id, FUTEX_WAIT, (long)id, 0);
    emma_free(thread->stack);
}

/* ---- the program
 * ---------------------------------------------------------------------------------- */

static int run(void) {
    check(call(__NR_arch_prctl, ARCH_SET_FS, (long)poison_of(0), 0, 0) == 0, "%fs can be set");
    check_that_poison_kills();
    size_t done = work(1);
    set_timer(500);
    for (size_t i = 0; i < THREAD_COUNT; i++) {
        threads[i].number = i + 1;
        start_thread(&threads[i]);
    }
    done += work(2);
    for (size_t i = 0; i < THREAD_COUNT; i++) {
        join_thread(&threads[i]);
        done += threads[i].done;
    }
    while (__atomic_load_n(&handler_count, __ATOMIC_RELAXED) < 10) done += work(3);
    set_timer(0);
    for (size_t i = 0; i < sizeof exchange / sizeof exchange[0]; i++)
        if (exchange[i] != NULL) end(exchange[i]);
    emma_trim();
    struct emma_stats stats;
    emma_stats(&stats);
    check(stats.live_objects == 0, "nothing is live in the end");
    check(emma_check(NULL, NULL) == 0, "every invariant holds");
    check(read_base() == poison_of(0), "nobody has touched %fs");
    print_number(done);
    print(" nodes in ");
    print_number(THREAD_COUNT + 1);
    print(" threads and ");
    print_number(handler_count);
    print(" handlers, all with %fs pointing at nothing\n");
    return 0;
}

__attribute__((used)) static void start(void) {
    for (;;) call(__NR_exit_group, run(), 0, 0, 0);
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "    xor %ebp, %ebp\n" /* the outermost frame */
    "    and $-16, %rsp\n" /* as the psABI wants it at a call */
    "    call start\n");

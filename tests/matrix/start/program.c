// SPDX-License-Identifier: MIT OR Apache-2.0
// All that start-up has to put in place before main, in one program: thread-local storage of every
// kind and model, functions with several versions, pointers, arrays of constructors, weak names
// that nothing defines, threads. Built by tests/matrix/start/run with every linker and kind of
// flags; the other half is other.c. -DTLS_DATA=0 leaves out initialised thread-local variables,
// -DTLS_BYTES sets the largest alignment, -DIFUNC=0 leaves out functions with versions.
#include "tests/matrix/start/program.h"

#include "tests/freestanding/test.h"

_Thread_local _Alignas(TLS_BYTES) char zero_aligned[3];
static _Thread_local long zero_local;
#if TLS_DATA
_Thread_local _Alignas(TLS_BYTES) int data_aligned = 71;
static _Thread_local const char* data_pointer = "pointer";
#endif

// ---- functions with several versions
static int forty(void) { return 40; }
static int forty_one(void) { return 41; }
static int (*const volatile choices[])(void) = {forty, forty_one};
#if IFUNC
// The resolver reads a relocated pointer, calls a function and asks the processor.
static int always_true(void) { return choices[1] != 0; }
static int (*choose(void))(void) {
    __builtin_cpu_init();
    return always_true() && __builtin_cpu_supports("sse2") ? choices[1] : choices[0];
}
int chosen(void) __attribute__((ifunc("choose")));
static int chosen_locally(void) __attribute__((ifunc("choose")));
__attribute__((target_clones("avx2", "sse4.2", "default"))) long sum(const int* from, int count) {
    long result = 0;
    for (int index = 0; index < count; ++index) result += from[index];
    return result;
}
#else
int chosen(void) { return choices[1](); }
static int chosen_locally(void) { return choices[1](); }
long sum(const int* from, int count) {
    long result = 0;
    for (int index = 0; index < count; ++index) result += from[index];
    return result;
}
#endif
typedef int (*function)(void);
static function writable = chosen;
static const function constant[] = {chosen, chosen_locally, forty};
#if TLS_DATA
static _Thread_local function of_thread = chosen;
#endif

// ---- data
struct __attribute__((packed)) packed {
    char before;
    const void* pointer;
};
static struct packed packed = {1, &packed};
extern int nowhere __attribute__((weak));
extern int nowhere_hidden(void) __attribute__((weak, visibility("hidden")));
int* volatile nowhere_address = &nowhere;

// ---- constructors, in order
static int order[8], order_count;
static void note(int what) { order[order_count++] = what; }
static void preinit(void) { note(chosen() == 41 ? 1 : 0); }
__attribute__((section(".preinit_array"), used)) static void (*preinit_entry)(void) = preinit;
__attribute__((constructor(101))) static void first(void) { note(2); }
__attribute__((constructor(2000))) static void second(void) { note(3); }
__attribute__((constructor)) static void last(int argc, char** argv) {
    note(argc + (argv[0] != 0) + 2);
}
static int is_over;
__attribute__((destructor)) static void finish(void) {
    // The one way to status 0: main returned 3, and everything came in its order.
    if (is_over == 1 && zero_local == 9) test_exit(0);
}

long sum_of_ten(void) {
    static const int ten[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    return sum(ten, (int)test_opaque(10));
}

static void check_functions(void) {
    // Not compared: in a PIE linkers give an IFUNC several addresses.
    CHECK(chosen() == 41 && chosen_locally() == 41 && writable() == 41);
    const function* table = test_opaque_pointer((void*)(uintptr_t)constant);
    CHECK(table[0]() == 41 && table[1]() == 41 && table[2]() == 40);
    CHECK(other_chosen()() == 41 && other_sum() == 41 + 55);
}

static void check_thread(void) {
    CHECK((uintptr_t)test_opaque_pointer(zero_aligned) % TLS_BYTES == 0);
    CHECK(zero_aligned[0] == 0 && zero_aligned[2] == 0 && zero_local == 0);
    zero_aligned[1] = 1;
    zero_local = 9;
#if TLS_DATA
    CHECK((uintptr_t)test_opaque_pointer(&data_aligned) % TLS_BYTES == 0 && data_aligned++ == 71);
    CHECK(data_pointer[0] == 'p');
    CHECK(of_thread() == 41);
#endif
    other_check_thread();
    CHECK(zero_aligned[0] == 0 && zero_aligned[1] == 1 && zero_aligned[2] == 0);
}

static void* run(void* argument) {
    check_functions();
    check_thread();
    return argument;
}

int main(int argc, char** argv, char** envp) {
    (void)argv, (void)envp;
    CHECK(order_count == 4);
    for (int index = 0; index < 4; ++index) CHECK(order[index] == index + 1);
    CHECK(packed.before == 1 && packed.pointer == &packed);
    CHECK(nowhere_address == 0 && &nowhere == 0 && nowhere_hidden == 0);
    run(0);
    emma_thread* threads[3];
    for (int index = 0; index < 3; ++index)
        CHECK(emma_thread_create(&threads[index], 0, run, 0) == 0);
    for (int index = 0; index < 3; ++index) CHECK(emma_thread_join(threads[index], 0) == 0);
    is_over = argc;
    return 3;
}

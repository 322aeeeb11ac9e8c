/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Emma's program start library for static programs without a libc: threads, the auxiliary vector,
 * exit and raw system calls. The program's entry is
 *
 *     int main(int argc, char **argv, char **envp);
 *
 * in C or C++ (in C++ its second and third parameter may be left out, as always). Returning from
 * main is emma_exit with main's result. Usable from C99 and C++17 on. Linux on x86-64.
 *
 * Beside the names below the library defines those that compilers, the C++ ABI and ordinary code
 * expect: C23's <string.h> and the like, errno's __errno_location, environ, getenv, exit _exit
 * _Exit atexit quick_exit at_quick_exit abort, setjmp, assert, _FORTIFY_SOURCE, and what C++
 * programs without exceptions need; crt/README.md lists them. All are weak.
 *
 * Errors are returned as positive error numbers (errno(3)); no function here sets errno.
 */
#ifndef EMMA_CRT_H
#define EMMA_CRT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define EMMA_CRT_NORETURN [[noreturn]]
#else
#define EMMA_CRT_NORETURN __attribute__((__noreturn__))
#endif

/* ---- Threads ------------------------------------------------------------------------------- */

/* A thread started by emma_thread_create, or the initial one. Opaque. The handle stays valid until
 * the thread has been joined, or detached and ended. */
typedef struct emma_thread emma_thread;

/* What a thread runs; its result is what emma_thread_join reports. */
typedef void* (*emma_thread_function)(void* argument);

/* Stack size, in bytes, where emma_thread_options::stack_bytes is zero (256 KiB). */
#define EMMA_THREAD_STACK_DEFAULT ((size_t)262144)

/* Smallest stack size accepted, in bytes: room for a signal frame with the widest registers and
 * for some calls (16 KiB). */
#define EMMA_THREAD_STACK_MIN ((size_t)16384)

/* For emma_thread_options::flags: the thread is detached from the start. */
#define EMMA_THREAD_DETACHED 1u

struct emma_thread_options {
    /* Stack in bytes, rounded up to pages; zero: the default. Pages count only once touched. A
     * guard page below it turns an overflow into SIGSEGV. */
    size_t stack_bytes;
    /* EMMA_THREAD_DETACHED or zero; any other bit is EINVAL. */
    unsigned flags;
};

/* Starts a thread that runs function(argument), with a stack, a guard page and thread-local storage
 * of its own in one private mapping, which is given back when the thread has ended and was joined
 * or detached. It inherits the caller's signal mask.
 *
 * `*thread` receives the handle before the new thread runs; `thread` may be null if the thread is
 * created detached. `options` may be null: default stack, joinable.
 *
 * Returns 0, or: EINVAL, function is null, a stack below EMMA_THREAD_STACK_MIN, an unknown flag, or
 * no place for the handle of a joinable thread; ENOMEM, no address space or memory for the stack,
 * or a size that overflows; EAGAIN, the kernel's limit on threads (clone(2)). After an error
 * `*thread` is null and nothing else has changed.
 *
 * Thread-safe; not for signal handlers. System calls: mmap, mprotect, clone; munmap on failure. */
int emma_thread_create(emma_thread** thread, const struct emma_thread_options* options,
                       emma_thread_function function, void* argument);

/* Waits until `thread` has ended, stores its result in `*result` (which may be null) and gives its
 * stack back. The handle is then dead. All that the thread did happens before the return.
 *
 * Returns 0, or: EDEADLK, `thread` is the caller; EINVAL, it is null, the initial thread, detached,
 * or being joined by another thread already. Two threads that join each other wait for ever.
 *
 * Thread-safe; not for signal handlers. System calls: futex, munmap. */
int emma_thread_join(emma_thread* thread, void** result);

/* Declares that nobody will join `thread`: it gives back its own stack when it ends. If it has
 * ended already, this call does so (and waits for the few instructions that a thread needs between
 * its end and the kernel's word of it). The handle is then dead, unless the caller is that thread.
 *
 * Returns 0, or EINVAL: null, the initial thread, already detached, or being joined.
 *
 * Thread-safe; not for signal handlers. System calls: futex and munmap for an ended thread. */
int emma_thread_detach_handle(emma_thread* thread);

/* Ends the calling thread with `result`, as if its function had returned it: destructors of its
 * thread_local objects run, its heap is left to later threads, its stack goes back. Called in the
 * initial thread, main's other threads live on. The last thread to end ends the process with
 * status 0, as emma_exit(0) would. No destructors of automatic objects run. (The
 * child of a raw fork still counts the parent's other threads: end it by emma_exit.)
 *
 * Thread-safe; not for signal handlers, as the destructors of thread_local objects run. System
 * calls: rt_sigprocmask, exit, and for a detached thread set_tid_address and munmap. */
EMMA_CRT_NORETURN void emma_thread_exit(void* result);

/* The calling thread's handle; also in the initial thread. Never null. Thread- and signal-safe. */
emma_thread* emma_thread_self(void);

/* ---- Process ------------------------------------------------------------------------------- */

/* Ends the process: destructors of the calling thread's thread_local objects, then the functions
 * registered by atexit and the destructors of static objects, last registered first, then the fini
 * array backwards, then exit_group(2) with the low 8 bits of `status`. A handler may register more
 * handlers; a handler that calls exit continues with those that are left. A second thread that
 * calls it meanwhile sleeps until the process ends; in the child of a fork made beside a thread
 * that is at its exit, the first that calls it goes on with the handlers that are left.
 *
 * Thread-safe. In a signal handler as safe as the program's own exit handlers and destructors are:
 * Emma's part is. System calls: exit_group; getpid beside other threads, futex in a second caller.
 * (C23 7.24.4.4.) */
EMMA_CRT_NORETURN void emma_exit(int status);

/* The value of an entry of the kernel's auxiliary vector (getauxval(3); types are AT_PAGESZ and so
 * on of <linux/auxvec.h>), or 0 where there is none. Thread- and signal-safe. */
unsigned long emma_getauxval(unsigned long type);

/* Issues a Linux system call with up to six arguments of register size and returns the kernel's
 * raw result: -4095 to -1 is an error number negated (syscall(2), psABI A.2.1). Pass integer
 * arguments as long: a narrower one leaves the upper half of its register undefined. errno is not
 * touched. Thread- and signal-safe as far as the call itself is. */
long emma_syscall(long number, ...);

#ifdef __cplusplus
}
#endif
#undef EMMA_CRT_NORETURN

#endif /* EMMA_CRT_H */

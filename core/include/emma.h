/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Emma: an embeddable memory allocator for programs without a libc, and beside one.
 * C99 and later, C++17 and later, hosted or freestanding.
 *
 * Sizes and alignments are in bytes. Unless a comment says otherwise every function may be called
 * from any thread and from a signal handler, never waits for another thread, and keeps everything
 * that was allocated before when it fails. Functions that allocate return null on failure and set
 * `errno` (ENOMEM or EINVAL) where the program has one. A misuse that is detected calls the panic
 * handler, which does not return; the trap that ends the program then is seen by no signal handler.
 */
#ifndef EMMA_H
#define EMMA_H

/* The version, for #if (major * 10000 + minor * 100 + patch) and as text. */
#define EMMA_VERSION 100
#define EMMA_VERSION_TEXT "0.1.0"

#include <stddef.h>
#if !defined(__cplusplus)
#include <stdbool.h>
#endif

#if defined(__GNUC__)
#define EMMA_ALLOCATES(...) __attribute__((malloc, alloc_size(__VA_ARGS__), warn_unused_result))
#define EMMA_MUST_USE __attribute__((warn_unused_result))
#define EMMA_NORETURN __attribute__((noreturn))
#else
#define EMMA_ALLOCATES(...)
#define EMMA_MUST_USE
#define EMMA_NORETURN
#endif

#ifdef __cplusplus
#define EMMA_NOEXCEPT noexcept
extern "C" {
#else
#define EMMA_NOEXCEPT
#endif

/* ---- the C family (C23 7.24.3) ----------------------------------------------------------------
 * The standard names (malloc, free, ...) are in the same archive, each in a member of its own, and
 * behave the same; declare them through <stdlib.h> or yourself.
 */

/* At least `size` bytes, aligned to 16. A size of 0 gives an object of its own that may be freed.
 * Null and ENOMEM where memory or address space is exhausted or `size` exceeds PTRDIFF_MAX. */
void* emma_malloc(size_t size) EMMA_NOEXCEPT EMMA_ALLOCATES(1);

/* `count * size` zeroed bytes; null and ENOMEM where the product overflows. */
void* emma_calloc(size_t count, size_t size) EMMA_NOEXCEPT EMMA_ALLOCATES(1, 2);

/* Resizes the object at `ptr`, in place where that is possible; the contents are kept up to the
 * lesser size. A null `ptr` is emma_malloc. A size of 0 is served as the least size: the result
 * is an object, `ptr` is not just freed. On failure null, and the old object is untouched; making
 * an object smaller does not fail (in CHECKS builds a huge one may). */
void* emma_realloc(void* ptr, size_t size) EMMA_NOEXCEPT EMMA_MUST_USE;

/* emma_realloc for `count * size` bytes; null and ENOMEM where the product overflows
 * (POSIX.1-2024). */
void* emma_reallocarray(void* ptr, size_t count, size_t size) EMMA_NOEXCEPT EMMA_MUST_USE;

/* Ends the object at `ptr`, which came from any allocating function of this copy of Emma, on any
 * thread. Null is ignored. Anything else that is no live object of Emma's panics. `errno` is kept.
 */
void emma_free(void* ptr) EMMA_NOEXCEPT;

/* emma_free for a caller that knows the size it asked for (C23 7.24.3.4). CHECKS builds verify it:
 * a size that would have been given other memory is EMMA_PANIC_WRONG_SIZE, and so is an alignment
 * below that is no power of two or not that of `ptr`. */
void emma_free_sized(void* ptr, size_t size) EMMA_NOEXCEPT;

/* emma_free for an object of emma_aligned_alloc with these arguments (C23 7.24.3.5). */
void emma_free_aligned_sized(void* ptr, size_t alignment, size_t size) EMMA_NOEXCEPT;

/* An object at a multiple of `alignment`, a power of two of any magnitude; `size` need not be a
 * multiple of it (C23 7.24.3.1). Null and EINVAL where `alignment` is no power of two. */
void* emma_aligned_alloc(size_t alignment, size_t size) EMMA_NOEXCEPT EMMA_ALLOCATES(2);

/* POSIX: 0 and the object in `*result`, or EINVAL (alignment no power-of-two multiple of
 * sizeof(void *)) or ENOMEM with `*result` untouched. `errno` is not set. */
int emma_posix_memalign(void** result, size_t alignment, size_t size) EMMA_NOEXCEPT EMMA_MUST_USE;

/* The traditional name of emma_aligned_alloc. */
void* emma_memalign(size_t alignment, size_t size) EMMA_NOEXCEPT EMMA_ALLOCATES(2);

/* How many bytes the object at `ptr` really has, at least what was asked for; all of them may be
 * used. 0 for null; anything that is no live object panics. */
size_t emma_malloc_usable_size(const void* ptr) EMMA_NOEXCEPT;

/* ---- for callers that know size and alignment (C++ allocators, Rust, Zig) ----------------------
 * `alignment` is a power of two; with any other those that allocate give null and EINVAL. A size of
 * 0 is served as the least size. An object from here may also go to emma_free, and the reverse.
 */

/* `size` bytes at a multiple of `alignment` (and of 16 for sizes from 16 on); null and ENOMEM as
 * emma_malloc. */
void* emma_alloc(size_t size, size_t alignment) EMMA_NOEXCEPT EMMA_ALLOCATES(1);

/* The same, zeroed. */
void* emma_alloc_zeroed(size_t size, size_t alignment) EMMA_NOEXCEPT EMMA_ALLOCATES(1);

/* Resizes an object of emma_alloc, keeping its alignment; otherwise as emma_realloc. */
void* emma_resize(void* ptr, size_t old_size, size_t alignment,
                  size_t new_size) EMMA_NOEXCEPT EMMA_MUST_USE;

/* Ends an object of emma_alloc. The size is verified in CHECKS builds only. */
void emma_dealloc(void* ptr, size_t size, size_t alignment) EMMA_NOEXCEPT;

/* ---- control ----------------------------------------------------------------------------------
 */

/* True where `ptr` is the start of a live object of this copy of Emma. Never faults, whatever the
 * pointer. The answer is a snapshot where another thread is freeing the object. */
bool emma_owns(const void* ptr) EMMA_NOEXCEPT;

/* Gives all free memory back to the system now: what the calling thread's and all idle threads'
 * heaps keep for reuse, what ended threads have left, every arena without an object, and between
 * objects of a size the pages that no live one reaches into, where a sixteenth of 64 KiB or more is
 * free (a system call for each gap). Returns how many bytes went back, those between objects not
 * counted. A heap in which another thread is at work at this moment keeps what it has. Idle
 * threads' heaps are reached by membarrier(2), which a sandbox must allow for that.
 *
 * A shared object with Emma inside calls it before it is unloaded, when its objects are freed and
 * its threads have ended or called emma_thread_detach: no destructor gives back what is kept for
 * reuse. */
size_t emma_trim(void) EMMA_NOEXCEPT;

/* Called for a live object of `bytes` usable bytes; false ends the walk. It may call any function
 * of Emma's. */
typedef bool (*emma_visitor)(void* context, void* object, size_t bytes);

/* Calls `visitor` for every live object, in no particular order: 0, or 1 where the visitor ended
 * the walk. Other threads may run meanwhile: an object that comes or goes during the walk may be
 * reported or not, and one that was reported may be gone by then. */
int emma_walk(emma_visitor visitor, void* context) EMMA_NOEXCEPT;

/* Takes `length` bytes of text, not terminated. */
typedef void (*emma_writer)(void* context, const char* text, size_t length);

/* Proves every internal invariant that can be proved while other threads run, and returns how many
 * do not hold: 0 is well. `write` (which may be null) gets a line for each. Callable from a
 * debugger, and in a signal handler that interrupted Emma: the heap that is occupied then is left
 * out. */
unsigned emma_check(emma_writer write, void* context) EMMA_NOEXCEPT;

/* DEBUG builds: where the report of leaks goes. At exit, after the program's handlers and the
 * destructors of its static objects, and only where objects of the default instance are live then,
 * `write` gets a line with their number and bytes, and one for each of the first 20 with its
 * address and usable bytes. Null: no report. Without this call: file descriptor 2. Not where the
 * program ends by _exit or a signal, or has start code of its own that runs no fini array. In other
 * builds and in libemma_preload.so nothing is reported. */
void emma_set_leak_writer(emma_writer write, void* context) EMMA_NOEXCEPT;

/* ---- heaps of one's own ------------------------------------------------------------------------
 * A heap is an allocator by itself: its objects, its metadata and its pages are shared with no
 * other heap and not with the functions above, which refuse its objects. Any thread may allocate
 * from and free to any heap, without registering, and in signal handlers. All its memory comes from
 * one source and goes back there when it is destroyed.
 */
typedef struct emma_heap emma_heap;

/* Pages by functions of the program. They may be called by any thread that uses the heap, in a
 * signal handler too if one uses it there, and must not use the heap themselves. `bytes` is a
 * multiple of 4096. */
struct emma_page_source {
    /* Memory of `bytes` bytes at a multiple of `alignment` (a power of two from 4096 on; arenas ask
     * for 4 MiB), or null. What lies elsewhere, or above 2^47 in user space (5-level paging), is
     * given back unused. */
    void* (*map)(void* context, size_t bytes, size_t alignment);
    /* Takes pages back; parts of what map gave may come by themselves. False: they stay with the
     * heap, which zeroes and uses them again before it calls map for more, and offers them again on
     * emma_heap_trim. Then pages that touch may come in one call, whichever calls of map gave them;
     * a source that cannot take these gives false. Null where nothing is ever taken back. */
    bool (*unmap)(void* context, void* pages, size_t bytes);
    /* Makes pages read as zero without taking memory until they are written; false: they are as
     * they were. Null: not offered. */
    bool (*purge)(void* context, void* pages, size_t bytes);
    void* context;
    /* What map gives reads as zero. If not, the heap writes zeros. */
    bool gives_zeros;
};

#define EMMA_HEAP_LEAST_REGION ((size_t)65536)         /* the smallest region_bytes: 64 KiB */
#define EMMA_HEAP_LEAST_SHARED_REGION ((size_t)131072) /* the same with is_shared: 128 KiB */
#define EMMA_HEAP_LEAST_LIMIT ((size_t)524288)         /* the smallest limit_bytes: 512 KiB */

/* At most one of `source` and `region`; with neither the pages are the system's. All zero is valid.
 */
struct emma_heap_options {
    const struct emma_page_source* source; /* copied */
    /* Memory of the caller's, at any address (above 2^47 in user space: EINVAL), in which all of
     * the heap lies: no system call is ever made. Its contents are overwritten; from 256 KiB on
     * more than three quarters of it can hold objects (as emma_heap_usable_size counts them). */
    void* region;
    size_t region_bytes;
    /* The most that the heap may take from its source, metadata included; 0: no limit. Beyond it
     * allocations return null. With a region: how much of it is used at most. */
    size_t limit_bytes;
    /* Where not null: receives the least size that would do where region_bytes or limit_bytes is
     * too small, else 0. */
    size_t* least_bytes;
    /* With a region that several processes have mapped at the same address: they all use the heap.
     * One system call is made, now. See emma_heap_attach. */
    bool is_shared;
};

/* Makes a heap; `options` may be null. Null and EINVAL: the options contradict each other or are
 * too small; null and ENOMEM: no memory. Microseconds; nothing is left of it once it is destroyed.
 */
emma_heap* emma_heap_create(const struct emma_heap_options* options) EMMA_NOEXCEPT EMMA_MUST_USE;

/* Ends the heap: every byte goes back to its source, whatever is still allocated, and a region is
 * the caller's again. No other thread may use the heap any more. Null is ignored. */
void emma_heap_destroy(emma_heap* heap) EMMA_NOEXCEPT;

/* ---- heaps that processes share ----------------------------------------------------------------
 * Made by emma_heap_create with `region` and `is_shared`, in memory that each process has mapped
 * (mmap(2), MAP_SHARED) at the same address. Threads of all of them allocate, free and resize, each
 * what any other has allocated, and nobody ever waits: any of them may be killed at any
 * instruction, and the others go on. All functions for heaps serve; emma_heap_destroy ends the heap
 * for the calling process alone, and the memory is the program's to give back.
 *
 * Processes have numbers, which the program gives them: 0 at first, and that of a fork's child is
 * its parent's. By it emma_heap_recover finds what a killed process was at work in; so each that
 * may be killed by itself takes its own by emma_heap_attach. A number is free again once it has
 * been recovered.
 *
 * One page of the region, near its end, is each process's own: emma_heap_create and
 * emma_heap_attach map it by mmap(2) with MAP_FIXED, the one system call that is made.
 *
 * The processes must trust each other: what one writes where the allocator keeps its own can make
 * another one read and write anywhere. */

/* The heap in the region for the calling process, whose number in all shared heaps is `process`
 * (0..255) from now on. `region` and `region_bytes` are those that it was made with. A fork's child
 * has the heap as it is, and calls this for a number of its own, before it starts threads. Null and
 * EINVAL: there is no such heap, it is not mapped at the address at which it was made, another
 * version or build of Emma has made it (CHECKS and FOR have to be the same), or the number is too
 * large. Null and EPERM: after emma_seal or emma_limit_calls. Null and the kernel's error: it
 * refuses the page (huge pages, say, cannot be divided). Not from a signal handler. PORT=bare: null
 * and EINVAL. */
emma_heap* emma_heap_attach(void* region, size_t region_bytes,
                            unsigned process) EMMA_NOEXCEPT EMMA_MUST_USE;

/* To be called once no process of that number is left (waitpid(2) has told so, say): what it was at
 * work in when it ended is whole again and serves the others. What it had in its hands is lost, for
 * each of its threads at most one object, or one slab (64 KiB to 1 MiB; in regions below 16 MiB 4
 * to 48 KiB), or while it trimmed, or its heap grew or gave back, one arena (4 MiB; 256 KiB). An
 * arena that it was looking at serves objects up to half its size only from then on. What it had
 * allocated stays allocated. Returns how many bytes of the region have been lost in all so far, as
 * far as nothing leads to them: exact while no other thread is at work in the heap. 0 for a heap
 * that is not shared and for the number of the caller. Any thread, also while others work in the
 * heap; signal handlers too. */
size_t emma_heap_recover(emma_heap* heap, unsigned process) EMMA_NOEXCEPT;

/* ---- using a heap ------------------------------------------------------------------------------
 */

/* As emma_alloc, emma_alloc_zeroed, emma_free, emma_malloc_usable_size and emma_owns, with this
 * heap's objects. In CHECKS builds a pointer that is no heap, or no longer one, panics. In others
 * it panics if what it points at can be read and does not look like a heap: that of a destroyed
 * heap over the system's pages is gone, and using it is a fault (SIGSEGV). */
void* emma_heap_alloc(emma_heap* heap, size_t size, size_t alignment) EMMA_NOEXCEPT
    EMMA_ALLOCATES(2);
void* emma_heap_alloc_zeroed(emma_heap* heap, size_t size, size_t alignment) EMMA_NOEXCEPT
    EMMA_ALLOCATES(2);
void emma_heap_free(emma_heap* heap, void* ptr) EMMA_NOEXCEPT;
size_t emma_heap_usable_size(emma_heap* heap, const void* ptr) EMMA_NOEXCEPT;
bool emma_heap_owns(emma_heap* heap, const void* ptr) EMMA_NOEXCEPT;

/* Resizes an object of this heap, in place where that is possible, keeping its alignment. A null
 * `ptr` is emma_heap_alloc. On failure null, and the old object is untouched. */
void* emma_heap_resize(emma_heap* heap, void* ptr, size_t alignment,
                       size_t new_size) EMMA_NOEXCEPT EMMA_MUST_USE;

/* As emma_trim, emma_walk, emma_check, emma_report, emma_picture and emma_stats, for this heap. */
size_t emma_heap_trim(emma_heap* heap) EMMA_NOEXCEPT;
int emma_heap_walk(emma_heap* heap, emma_visitor visitor, void* context) EMMA_NOEXCEPT;
unsigned emma_heap_check(emma_heap* heap, emma_writer write, void* context) EMMA_NOEXCEPT;
void emma_heap_report(emma_heap* heap, emma_writer write, void* context) EMMA_NOEXCEPT;
void emma_heap_picture(emma_heap* heap, emma_writer write, void* context) EMMA_NOEXCEPT;
struct emma_stats;
void emma_heap_stats(emma_heap* heap, struct emma_stats* stats) EMMA_NOEXCEPT;

/* ---- the default instance without the system ---------------------------------------------------
 */

/* What a further thread counts as for emma_reserve: 1.5 MiB. */
#define EMMA_RESERVE_PER_THREAD ((size_t)3 << 19)

/* Maps and populates memory, so that from now on one thread can allocate objects of `bytes` bytes
 * in all, in any mix of sizes and in any order, with no system call and no page fault. Each object
 * counts as at least 16 bytes; of an alignment above 16, as at least the alignment. Each further
 * thread that allocates, and each signal handler that allocates in the middle of an allocation,
 * keeps memory of its own and counts as EMMA_RESERVE_PER_THREAD more: for 8 threads,
 * emma_reserve(bytes + 7 * EMMA_RESERVE_PER_THREAD).
 * What is freed serves objects of about its size again, and every size once 64 KiB or more are free
 * in a row. Objects that come and go in changing sizes may so need more than their sum at any time,
 * as objects are never moved.
 * Takes 2.07 times as much and 7 MiB. Adds to what was reserved before. Memory that is free is not
 * purged any more; what is live now and was never written may still cause faults once it is freed
 * and used again. 0, or ENOMEM (nothing has changed), or EPERM after emma_seal. */
int emma_reserve(size_t bytes) EMMA_NOEXCEPT;

/* From now on the allocator makes three kinds of system calls and no other: mmap(NULL, N) where the
 * kernel likes, munmap(2), and madvise(2) with MADV_DONTNEED; for sandboxes whose filters kill a
 * process that asks for more. The same holds for every heap that was made with neither source nor
 * region, before or after. <emma_seccomp.h> has the set as EMMA_SECCOMP_MINIMUM.
 * What it costs: a new arena or huge object takes three calls; huge objects grow by copying; an
 * object may lie beside another mapping of the process; emma_trim, emma_walk and emma_check
 * leave the heaps of other threads alone; and the heap of a thread that ends without a word
 * (neither emma_thread_detach nor a thread of emma_crt.h), or is left behind by a fork, is not used
 * again. A thread that is inside Emma at that moment finishes what it has begun, which may make one
 * more call. There is no way back. Any thread, signal handlers too; before the filter is installed.
 * Always 0. PORT=bare makes no system calls: nothing changes. */
int emma_limit_calls(void) EMMA_NOEXCEPT;

/* From now on the allocator makes no system call at all, on any thread, but for a panic's two
 * (write, rt_sigprocmask): it lives on what it has, gives nothing back, and if that is exhausted
 * allocations return null. The same holds for every heap that was made with neither source nor
 * region, before or after. A thread that is inside Emma at that moment finishes what it has begun,
 * which may make one more call. There is no way back. Always 0. The calling thread gets its heap
 * now if it has none. */
int emma_seal(void) EMMA_NOEXCEPT;

/* How many size classes there are; objects larger than the last are not in slabs. */
#define EMMA_SIZE_CLASSES 64

/* What one size class holds. */
struct emma_class_stats {
    size_t slot_bytes;   /* the size of its slots; ascending from class to class */
    size_t slabs;        /* stretches of memory that are cut into such slots */
    size_t live_objects; /* slots in use */
};

/* What the default instance holds. Counters are read one by one: exact while nothing else runs. */
struct emma_stats {
    size_t mapped_bytes;      /* obtained from the source and in use or free, metadata included */
    size_t mapped_peak_bytes; /* the most there ever was */
    size_t idle_bytes;        /* ready in a reserve or fixed region and not in mapped_bytes */
    size_t live_bytes;        /* held by live objects, in whole slots, slices or pages */
    size_t live_objects;      /* allocated and not yet freed */
    size_t arenas;            /* 4 MiB windows, some only partly mapped */
    size_t heaps;             /* per-thread heaps, in use or waiting for a thread */
    size_t huge_objects;      /* objects with a mapping of their own */
    /* Memory system calls made so far (mmap, munmap, mremap, madvise). Of a heap over functions of
     * the program's, and with PORT=bare: calls of those. */
    size_t system_calls;
    size_t adopted_heaps;  /* times that a thread took over the heap of an ended one */
    size_t borrowed_heaps; /* operations that ran on a heap borrowed for the one operation */
    /* What may be resident: mapped_bytes less the free slices (64 KiB each) that were never used
     * or have been purged since. Slabs, large objects and metadata count whole, also those of
     * their pages that were never touched or that emma_trim has given back, so the system's own
     * figure is this or less. */
    size_t resident_bytes;
    size_t remote_frees; /* objects in slabs that were freed on another heap than their own */
    /* Heaps that nobody can use again, for the thread that was at work in them has ended there and
     * then, or was not taken along by a fork; idle ones with a visitor who may be dead, too. Not
     * known of heaps that do not say whose they are: the first thread's until it has done more than
     * plain allocations beside a second one, and those that threads without a heap of their own
     * borrowed (with TLS=0: all). */
    size_t stranded_heaps;
    size_t stranded_bytes; /* their slabs, with the live objects that are in them */
    struct emma_class_stats classes[EMMA_SIZE_CLASSES];
};

/* Fills in `*stats`. Walks all metadata: microseconds per mapped MiB. Makes no system call, but for
 * heaps of other threads that are occupied at this moment: getpid(2), and tgkill(2) with signal 0
 * to learn whether such a thread still exists. */
#if defined(__GNUC__) /* a struct and a function share the name, as stat(2) and struct stat do */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif
void emma_stats(struct emma_stats* stats) EMMA_NOEXCEPT;
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

/* emma_stats as text for people: a line a figure, then a table of the size classes in use; `write`
 * is called once a line. Null: file descriptor 2 (with PORT=bare: nowhere), as from a debugger:
 * `call emma_report(0, 0)`. Takes about 2 KiB of stack. */
void emma_report(emma_writer write, void* context) EMMA_NOEXCEPT;

/* The default instance as a picture, a file of SVG: a row for each arena of 4 MiB, in which its
 * slices of 64 KiB are coloured by the size class that they serve (small ones blue, large ones red)
 * and filled as far as their slots are live, with a title that says it in numbers; a row for each
 * huge object; and a legend. `write` gets the text line by line: some 10 KB, and 5 for each arena
 * with many slabs. Allocates nothing and takes about 4 KiB of stack. Other threads may run
 * meanwhile: what they change is drawn as it was or as it is, in a file that is well-formed. System
 * calls as emma_stats. */
void emma_picture(emma_writer write, void* context) EMMA_NOEXCEPT;

/* The misuses and failures that end the program. A slot that was never handed out is no object, as
 * far as that is known. Objects are recognised as another heap's once the program has made heaps.
 */
enum emma_panic_kind {
    EMMA_PANIC_DOUBLE_FREE = 1,     /* the object at `pointer` is free already */
    EMMA_PANIC_INVALID_POINTER = 2, /* `pointer` is no object of this copy of Emma */
    EMMA_PANIC_WRONG_SIZE = 3,     /* a sized free with another size or alignment (CHECKS builds) */
    EMMA_PANIC_OUT_OF_MEMORY = 4,  /* operator new: no memory, no handler, no exceptions */
    EMMA_PANIC_CORRUPTION = 5,     /* an internal invariant does not hold */
    EMMA_PANIC_USE_AFTER_FREE = 6, /* the object at `pointer` is free: realloc, usable size ... */
    EMMA_PANIC_OTHER_HEAP = 7      /* `pointer` is a live object, but of another heap */
};

struct emma_panic {
    enum emma_panic_kind kind;
    const void* pointer; /* the pointer in question, or null */
    /* Bytes of a slot of the object's size class; 0: no object, or one that is in no slab. */
    size_t size_class;
    const char* message; /* the line of the default handler, without newline */
};

/* Called on a panic, on the thread and in the call that misused Emma; it may be a signal handler's
 * context. If it returns, the program is ended by a trap. It must not
 * allocate from the default instance in case of corruption. */
typedef void (*emma_panic_handler)(const struct emma_panic* panic);

/* Replaces the handler; null restores the default one, which writes the message as one line to file
 * descriptor 2 and traps (SIGILL, blocked before by rt_sigprocmask(2): no handler of the program's
 * runs, so none can go on); with PORT=bare it is the program's emma_bare_panic. */
void emma_set_panic_handler(emma_panic_handler handler) EMMA_NOEXCEPT;

/* Panics for lack of memory (EMMA_PANIC_OUT_OF_MEMORY) and does not return: for allocating code
 * whose contract knows no failure, such as C++ containers without exceptions. */
void emma_out_of_memory(void) EMMA_NOEXCEPT EMMA_NORETURN;

/* Gives the calling thread a heap now instead of at its first allocation: 0 or ENOMEM. On a thread
 * that left a signal handler by longjmp out of Emma (and so works through borrowed heaps since) it
 * takes its heap back, and those that it had borrowed in operations that were left so; what an
 * operation had in its hands is lost. Without this call the thread goes on more slowly, and the
 * free memory in its own heap stays unused. Further jumps then leave at most one heap for each
 * place of the stack at which they leave an operation, if the program has this function, emma_trim,
 * emma_walk or emma_check linked (the preload library has); else up to one for each jump. An
 * emma_heap in a region or over functions of the program takes nothing back. If another thread has
 * died in its heap (emma_trim, emma_walk, emma_check), it gives a new one. Not from a signal
 * handler. */
int emma_thread_attach(void) EMMA_NOEXCEPT;

/* Hands the calling thread's heap to whichever thread comes next; its objects stay valid. For a
 * thread that is about to end; the threads of emma_crt.h do it themselves. Allocating afterwards
 * attaches again. Not from a signal handler. */
void emma_thread_detach(void) EMMA_NOEXCEPT;

/* "major.minor.patch" of the library, as EMMA_VERSION_TEXT is the header's. */
const char* emma_version(void) EMMA_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* EMMA_H */

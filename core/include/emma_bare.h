/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Emma below everything: what a program provides to a libemma.a built with PORT=bare, for kernels,
 * loaders and firmware on x86-64. The archive holds no system call, no floating-point or vector
 * instruction, no access below the stack pointer and, unless built with TLS=1, no %fs. It calls the
 * functions below, which the program defines; the interface it offers is <emma.h>.
 *
 * Interrupt handlers may allocate and free whatever they interrupt, another handler included. So
 * the functions below may be called by any processor and by any handler that allocates, also by one
 * that has interrupted the same function: they must not wait for a lock that an interrupted caller
 * may hold, and must not allocate from Emma themselves.
 */
#ifndef EMMA_BARE_H
#define EMMA_BARE_H

#include <emma.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- required ----------------------------------------------------------------------------------
 */

/* Memory of `bytes` bytes (a multiple of 4096) at a multiple of `alignment` (a power of two from
 * 4096 on), readable, writable and reading as zero; or null, and then the allocation fails or makes
 * do with less. At a canonical address of 48 bits (4-level paging); what lies elsewhere is given
 * back.
 *
 * Emma asks for 4 MiB at a multiple of 4 MiB; if that is refused, for 256 KiB at a multiple of a
 * page or what there is, and makes larger what it has by the pages behind it. So any memory serves,
 * at any address: the first objects take 32 KiB; of a MiB or more nine tenths can hold objects, if
 * this function gives the lowest place that is free or emma_bare_map_at is there, else up to 512
 * KiB less. Objects of more than 4 MiB, and in memory without such a multiple of more than 128 KiB,
 * are asked for by themselves. */
void* emma_bare_map(size_t bytes, size_t alignment) EMMA_NOEXCEPT;

/* Takes pages back; parts of what emma_bare_map gave may come by themselves. False: they stay with
 * Emma, which zeroes and uses them again before it asks for more, and offers them again at the next
 * emma_trim, then those that touch in one call, whichever calls gave them. But those of a heap of
 * one's own that is being destroyed are the program's from then on. */
bool emma_bare_unmap(void* pages, size_t bytes) EMMA_NOEXCEPT;

/* A misuse or failure that ends the program: what panic handlers get, called where none is set
 * (emma_set_panic_handler). Must not return; where it does, ud2 is executed. */
void emma_bare_panic(const struct emma_panic* panic) EMMA_NOEXCEPT;

/* ---- optional: used where the program defines them ---------------------------------------------
 */

/* Memory as of emma_bare_map at exactly `pages`, which lies behind memory that Emma has; false:
 * something is there. Without it Emma asks emma_bare_map and gives back what lies elsewhere. */
bool emma_bare_map_at(void* pages, size_t bytes) EMMA_NOEXCEPT;

/* Makes pages read as zero without taking memory until they are written again; false: they are as
 * they were. For kernels whose page tables can do that: where memory is mapped for good it would be
 * work without a gain, so such a kernel leaves the function out. */
bool emma_bare_purge(void* pages, size_t bytes) EMMA_NOEXCEPT;

/* True: since the call, every processor (or thread) that uses Emma has executed a full memory
 * barrier, as an interrupt to each of them and its answer brings about. Without it emma_trim and
 * emma_check leave out the heaps that other processors hold by their slots. False where it cannot
 * be had at this moment. Called by those functions alone. */
bool emma_bare_barrier(void) EMMA_NOEXCEPT;

/* ---- the current heap --------------------------------------------------------------------------
 * Without more every operation borrows a heap by atomic operations and gives it back: nothing needs
 * to be known about who calls, and code may be preempted and moved to another processor anywhere.
 *
 * A heap that stays with its processor or thread makes an operation several times as fast. It
 * needs a word, zero at first, in which Emma notes the heap. The build option HEAP_SLOT says where:
 *
 *   make PORT=bare HEAP_SLOT=gs:8       the eight bytes at %gs:8
 *   make PORT=bare HEAP_SLOT=function   where emma_bare_heap_slot() says
 *   make PORT=bare TLS=1                a thread-local variable of the ABI, behind %fs
 *
 * The rule for such a word: calls of Emma that find the same word nest, as interrupts do; they
 * never alternate and never run at once. So with a word per processor a thread is not preempted in
 * favour of another thread that calls Emma, nor moved to another processor, from the beginning of a
 * call to its end; interrupts may come. With a word per thread it may be preempted and moved
 * anywhere. In an interrupt handler the word is that of the processor or thread that was
 * interrupted.
 *
 * A second copy of Emma in the program (SYMBOL_PREFIX) needs another word. The linker refuses two
 * copies with the same offset from %gs; words of functions are not checked.
 *
 * emma_thread_detach hands the heap on and zeroes the word, as for a processor that goes offline.
 */

/* HEAP_SLOT=function only: the address of the word. Called at every operation. */
void** emma_bare_heap_slot(void) EMMA_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* EMMA_BARE_H */

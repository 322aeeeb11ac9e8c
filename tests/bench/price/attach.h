/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Included before a workload by tests/bench/price/run: the first thread has a heap before main. */
#include <emma.h>

__attribute__((constructor)) static void attach_before_main(void) { emma_thread_attach(); }

/* SPDX-License-Identifier: MIT OR Apache-2.0
 * What program.c and other.c of the matrix of start-up share. */
#ifndef TESTS_MATRIX_START_PROGRAM_H
#define TESTS_MATRIX_START_PROGRAM_H

#ifndef TLS_BYTES
#define TLS_BYTES 64
#endif
#ifndef TLS_DATA
#define TLS_DATA 1
#endif
#ifndef IFUNC
#define IFUNC 1
#endif

extern _Thread_local char zero_aligned[3];
#if TLS_DATA
extern _Thread_local int data_aligned;
#endif
int chosen(void);
long sum_of_ten(void);
int (*other_chosen(void))(void);
long other_sum(void);
void other_check_thread(void);

#endif

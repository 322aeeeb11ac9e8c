/* SPDX-License-Identifier: MIT OR Apache-2.0
 * Initialised data, which the wrappers link with -g: valgrind reads the names only of programs that have a
 * writable part of their file mapped. */
    .section .data.emma_with_data, "awR"
    .quad 0
    .section .note.GNU-stack, "", @progbits

// SPDX-License-Identifier: MIT OR Apache-2.0
// setjmp and longjmp (C23 7.13), and their other names: _setjmp is what glibc's <setjmp.h> calls for
// setjmp, __sigsetjmp and siglongjmp keep the signal mask too. Weak, as all that crt/ offers is.
//
// What a jmp_buf holds, in the 200 bytes that glibc and musl give it; what a call keeps is kept:
//       0  rbx, rbp, r12, r13, r14, r15, rsp after the return, return address
//      64  not zero: the mask is kept
//      72  the signal mask, 8 bytes as the kernel has it

#define MASK_KEPT 64
#define MASK 72
#define SYS_RT_SIGPROCMASK 14
#define SIG_SETMASK 2

        .cfi_sections .debug_frame
        .macro  function name
        .weak   \name
        .type   \name, @function
\name:
        .endm

// int setjmp(jmp_buf), int _setjmp(jmp_buf)
// In:        rdi the buffer
// Out:       rax 0 here, what longjmp was given when it returns again
// Destroyed: rcx, rdx
        .section .text.setjmp, "ax", @progbits
function setjmp
function _setjmp
        .cfi_startproc
        xorl    %esi, %esi              // no mask
        jmp     emma_crt_set_jump
        .cfi_endproc
        .size   setjmp, . - setjmp
        .size   _setjmp, . - _setjmp

// int __sigsetjmp(sigjmp_buf, int keep_mask), int sigsetjmp(sigjmp_buf, int keep_mask)
// In:        rdi the buffer, esi not zero: keep the signal mask
// Out:       rax as setjmp
// Destroyed: rcx, rdx, r10, r11
function __sigsetjmp
function sigsetjmp
emma_crt_set_jump:
        .cfi_startproc
        movq    %rbx, 0(%rdi)
        movq    %rbp, 8(%rdi)
        movq    %r12, 16(%rdi)
        movq    %r13, 24(%rdi)
        movq    %r14, 32(%rdi)
        movq    %r15, 40(%rdi)
        leaq    8(%rsp), %rdx           // the stack as the caller has it after the return
        movq    %rdx, 48(%rdi)
        movq    (%rsp), %rdx
        movq    %rdx, 56(%rdi)
        movslq  %esi, %rsi
        movq    %rsi, MASK_KEPT(%rdi)
        testq   %rsi, %rsi
        jz      1f
        leaq    MASK(%rdi), %rdx        // rt_sigprocmask(any, null, &mask, 8)
        xorl    %esi, %esi
        xorl    %edi, %edi
        movl    $8, %r10d
        movl    $SYS_RT_SIGPROCMASK, %eax
        syscall
1:      xorl    %eax, %eax
        ret
        .cfi_endproc
        .size   __sigsetjmp, . - __sigsetjmp
        .size   sigsetjmp, . - sigsetjmp

// void longjmp(jmp_buf, int value), and by its other names; __longjmp_chk is longjmp when it is compiled
// with _FORTIFY_SOURCE.
// In:        rdi the buffer, esi what setjmp returns; 0 stands for 1
// Destroyed: all, and what the call of setjmp keeps is as it was then
        .section .text.longjmp, "ax", @progbits
function longjmp
function _longjmp
function siglongjmp
function __longjmp_chk
        .cfi_startproc
        movl    %esi, %r8d
        movq    %rdi, %r9
        cmpq    $0, MASK_KEPT(%rdi)
        je      1f
        leaq    MASK(%rdi), %rsi        // rt_sigprocmask(SIG_SETMASK, &mask, null, 8)
        movl    $SIG_SETMASK, %edi
        xorl    %edx, %edx
        movl    $8, %r10d
        movl    $SYS_RT_SIGPROCMASK, %eax
        syscall
1:      movl    %r8d, %eax
        cmpl    $1, %eax                // carry if it is zero
        adcl    $0, %eax
        movq    0(%r9), %rbx
        movq    8(%r9), %rbp
        movq    16(%r9), %r12
        movq    24(%r9), %r13
        movq    32(%r9), %r14
        movq    40(%r9), %r15
        movq    48(%r9), %rsp
        jmp     *56(%r9)
        .cfi_endproc
        .size   longjmp, . - longjmp
        .size   _longjmp, . - _longjmp
        .size   siglongjmp, . - siglongjmp
        .size   __longjmp_chk, . - __longjmp_chk

        .section .note.GNU-stack, "", @progbits

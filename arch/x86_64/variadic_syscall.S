// SPDX-License-Identifier: MIT OR Apache-2.0
// The raw system call that emma_crt.h offers to programs. In C++ it would read arguments that were
// not passed, which is undefined, and take 170 bytes; as register moves it is neither.

        .cfi_sections .debug_frame      // for debuggers; nothing here is unwound at run time
        .text

// long emma_syscall(long number, ...)
// In:        rdi number, rsi rdx rcx r8 r9 and 8(%rsp) up to six arguments (psABI 3.2.3); those that
//            were not passed hold anything, and the kernel ignores them
// Out:       rax: the kernel's result; -4095..-1 is a negated error number
// Destroyed: rcx, r11 (by the kernel), rdi, rsi, rdx, r8, r9, r10, as any call may
        .globl  emma_syscall
        .type   emma_syscall, @function
emma_syscall:
        .cfi_startproc
        movq    %rdi, %rax              // psABI A.2.1: the number in rax,
        movq    %rsi, %rdi              // arguments in rdi,
        movq    %rdx, %rsi              // rsi,
        movq    %rcx, %rdx              // rdx,
        movq    %r8, %r10               // r10 (syscall destroys rcx),
        movq    %r9, %r8                // r8,
        movq    8(%rsp), %r9            // and r9
        syscall
        ret
        .cfi_endproc
        .size   emma_syscall, .-emma_syscall

        .section .note.GNU-stack, "", @progbits

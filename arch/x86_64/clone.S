// SPDX-License-Identifier: MIT OR Apache-2.0
// The two moments in a thread's life for which no valid C frame exists: its first instruction on a
// new stack, and its last ones after that stack is gone. Called by crt/thread.cpp only; the typed
// declarations are in arch/linux/thread.h.

#define SYS_MUNMAP 11                   // asserted equal to syscall_numbers.h in arch/linux/thread.h
#define SYS_CLONE  56
#define SYS_EXIT   60

        .cfi_sections .debug_frame      // for debuggers; nothing here is unwound at run time
        .text

// long emma_arch_clone(flags, stack_top, parent_tid, child_tid, thread_pointer, entry, argument)
// In:        rdi flags, rsi top of the new stack (16-byte aligned), rdx word for the thread id,
//            rcx word cleared at exit, r8 new %fs, r9 entry(argument), 8(%rsp) argument
// Out:       rax: thread id in the caller, or a negated error number; the child never returns
// Destroyed: rcx, r10, r11, and rsi/rdx/r8/r9 as any call may
// Stack:     the child starts with its own at stack_top
        .globl  emma_arch_clone
        .hidden emma_arch_clone
        .type   emma_arch_clone, @function
emma_arch_clone:
        .cfi_startproc
        movq    8(%rsp), %rax           // the argument, while the old stack is in reach
        subq    $16, %rsi               // two words on the new stack; keeps it 16-byte aligned
        movq    %r9, (%rsi)             // the child finds its entry here,
        movq    %rax, 8(%rsi)           // and the entry's argument here
        movq    %rcx, %r10              // psABI A.2.1: system calls take their fourth here
        movl    $SYS_CLONE, %eax
        syscall
        testq   %rax, %rax
        jz      1f                      // zero: this is the child, on the new stack
        ret
        .cfi_endproc
        .cfi_startproc
        .cfi_undefined rip              // the thread's outermost frame
1:      xorl    %ebp, %ebp              // as in _start
        popq    %rax                    // entry
        popq    %rdi                    // its argument; the stack is 16-byte aligned again
        call    *%rax
        ud2                             // a thread's entry never returns
        .cfi_endproc
        .size   emma_arch_clone, .-emma_arch_clone

// void emma_arch_unmap_and_exit(base, byte_count): a thread without a joiner gives back the mapping
// that holds its stack, and ends.
// In:        rdi start of the mapping, rsi its size; every signal blocked, the clear-on-exit word
//            reset: after the first system call nothing may touch this thread's stack
// Out:       never returns
// Stack:     none from the munmap on, hence no call, push or C code here
        .globl  emma_arch_unmap_and_exit
        .hidden emma_arch_unmap_and_exit
        .type   emma_arch_unmap_and_exit, @function
emma_arch_unmap_and_exit:
        .cfi_startproc
        .cfi_undefined rip              // no way back
        movl    $SYS_MUNMAP, %eax
        syscall                         // on failure the mapping stays, and the thread ends all the same
1:      xorl    %edi, %edi              // status 0, seen by nobody
        movl    $SYS_EXIT, %eax
        syscall
        jmp     1b                      // exit(2) returns only if a sandbox refuses it
        .cfi_endproc
        .size   emma_arch_unmap_and_exit, .-emma_arch_unmap_and_exit

        .section .note.GNU-stack, "", @progbits

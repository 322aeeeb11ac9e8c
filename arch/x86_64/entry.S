// SPDX-License-Identifier: MIT OR Apache-2.0
// Program start on x86-64 Linux (psABI 3.4.1, "Initial Stack and Register State"): the kernel
// enters here with no caller, no thread pointer and, in a static-PIE, before any relocation has
// been applied. Hands three addresses to crt/startup.cpp and does nothing else.

        .cfi_sections .debug_frame      // for debuggers; nothing here is unwound at run time
        .text

// In:        rsp -> argc, argv[argc], 0, envp[], 0, auxv[]; 16-byte aligned; rdx unused (no loader)
// Out:       never returns
// Destroyed: everything
// Calls:     emma_crt_start(initial_stack, dynamic_section or null, relocator or null)
        .globl  _start
        .type   _start, @function
        .weak   _DYNAMIC                // only a static-PIE has one; else the address is zero
        .hidden _DYNAMIC                // so that the lea below needs no GOT, hence no relocation
        .weak   emma_crt_relocate       // likewise
        .hidden emma_crt_relocate
        .hidden emma_crt_start
_start:
        .cfi_startproc
        .cfi_undefined rip              // outermost frame: unwinders and debuggers stop here
        xorl    %ebp, %ebp              // psABI: marks the deepest frame for frame-pointer walkers
        movq    %rsp, %rdi              // first argument: where the kernel left argc
        leaq    _DYNAMIC(%rip), %rsi    // second argument, position-independent
        leaq    emma_crt_relocate(%rip), %rdx  // third argument, likewise
        andq    $-16, %rsp              // psABI 3.2.2: a call starts from an aligned stack
        call    emma_crt_start
        ud2                             // it never returns
        .cfi_endproc
        .size   _start, .-_start

// gcc refers to this function weakly in its tables of virtual functions, and a weak reference takes
// nothing from an archive. This one does, and is dropped itself by --gc-sections: so the function is
// in the programs that refer to it, and in no other.
        .section .rodata.emma_pulled, "a", @progbits
        .quad   __cxa_pure_virtual - .
        .quad   __cxa_deleted_virtual - .

        .section .note.GNU-stack, "", @progbits

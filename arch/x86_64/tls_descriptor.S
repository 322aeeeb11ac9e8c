// SPDX-License-Identifier: MIT OR Apache-2.0
// What code compiled with -mtls-dialect=gnu2 calls for the address of a thread-local variable, if
// the linker has not replaced the call ("Thread-Local Storage Descriptors for IA32 and AMD64/EM64T",
// 2.2; psABI 3.4.2). In a static program the offset is known at start: crt/relocate.cpp writes this
// address and the offset in each descriptor.

        .cfi_sections .debug_frame      // for debuggers; nothing here is unwound at run time
        .text

// In:        rax -> descriptor: this function, the variable's offset from the thread pointer
// Out:       rax: that offset
// Destroyed: nothing else, the flags excepted; hence no C function
        .globl  emma_arch_tls_descriptor
        .hidden emma_arch_tls_descriptor
        .type   emma_arch_tls_descriptor, @function
emma_arch_tls_descriptor:
        .cfi_startproc
        movq    8(%rax), %rax
        ret
        .cfi_endproc
        .size   emma_arch_tls_descriptor, .-emma_arch_tls_descriptor

        .section .note.GNU-stack, "", @progbits

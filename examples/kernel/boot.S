// SPDX-License-Identifier: MIT OR Apache-2.0
// From the boot protocol to C++: the first processor starts in start32 (PVH: 32-bit protected mode,
// paging off, %ebx the physical address of the start info), the second in real mode at 0x8000, where
// its trampoline is copied to. Both end in long mode on the tables below, then call kernel_main and
// second_main. Then the entries of the interrupts, which all end in interrupt().
//
//   0 .. 4 GiB                     physical memory as it is, until both processors are up
//   0xffff800000000000 + 4 GiB     the same for good: where the kernel finds memory
//   0xffffffff80000000 + 1 GiB     the first GiB once more: where the kernel is linked
//
// Read-only is what Intel SDM vol. 3A says of the bits: 4.5 (paging), 9.8.5 (IA-32e mode), 8.4 (INIT,
// SIPI). No red zone anywhere: interrupts come on the stack of what they interrupt.

#define CODE32 0x08
#define CODE64 0x10
#define DATA 0x18
#define EFER 0xc0000080

// ---- PVH: the note by which the boot loader finds the entry (Xen's elfnote.h, PHYS32_ENTRY)
    .section .note.pvh, "a", @note
    .align 4
    .long 4, 4, 18
    .asciz "Xen"
    .long start32

// ---- before paging
    .section .boot, "awx", @progbits

    .macro enter_long_mode target
    lgdt gdt_pointer
    movl $pml4, %eax
    movl %eax, %cr3
    movl %cr4, %eax
    orl $0x20, %eax                 // PAE
    movl %eax, %cr4
    movl $EFER, %ecx
    rdmsr
    orl $0x100, %eax                // LME
    wrmsr
    movl %cr0, %eax
    orl $0x80010001, %eax           // PG, WP, PE
    movl %eax, %cr0
    ljmp $CODE64, $\target
    .endm

    .code32
    .globl start32
    .type start32, @function
start32:
    cli
    cld
    enter_long_mode first64
    .size start32, . - start32

second32:
    movw $DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    enter_long_mode second64

// What is copied to 0x8000: a page of its own, so that its addresses are its offsets.
    .code16
    .globl trampoline_begin, trampoline_end
trampoline_begin:
    cli
    cld
    movw %cs, %ax                   // 0x800
    movw %ax, %ds
    lgdtl gdt_pointer_copy - trampoline_begin
    movl %cr0, %eax
    orl $1, %eax                    // PE
    movl %eax, %cr0
    ljmpl $CODE32, $second32
gdt_pointer_copy:
    .word gdt_end - gdt - 1
    .long gdt
trampoline_end:

    .code64
first64:
    movl %ebx, %edi                 // the start info
    leaq first_stack_top, %rsp
    movabsq $kernel_main, %rax
    jmp load_segments
second64:
    movq second_stack_top, %rsp
    movabsq $second_main, %rax
load_segments:
    lgdt gdt_pointer_high           // interrupts read it when low addresses are gone
    movw $DATA, %cx
    movw %cx, %ds
    movw %cx, %es
    movw %cx, %ss
    xorl %ecx, %ecx
    movw %cx, %fs                   // nobody uses it: a read of %fs would find address 0
    pushq $0                        // the end of the chain of frames, and the ABI's alignment
    jmp *%rax

    .align 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff        // CODE32: flat
    .quad 0x00af9b000000ffff        // CODE64
    .quad 0x00cf93000000ffff        // DATA
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt
gdt_pointer_high:
    .word gdt_end - gdt - 1
    .quad gdt + 0xffffffff80000000

// ---- page tables: 3 is present and writable, 0x80 a page of 2 MiB, 0x10 uncached
    .align 4096
    .globl pml4
pml4:
    .quad pdpt_low + 3
    .fill 255, 8, 0
    .quad pdpt_low + 3
    .fill 254, 8, 0
    .quad pdpt_top + 3
pdpt_low:
    .quad pages + 3, pages + 0x1003, pages + 0x2003, pages + 0x3003
    .fill 508, 8, 0
pdpt_top:
    .fill 510, 8, 0
    .quad pages + 3
    .quad 0
pages:
    .set addr, 0
    .rept 3 * 512
    .quad addr + 0x83
    .set addr, addr + 0x200000
    .endr
    .rept 512                       // devices
    .quad addr + 0x93
    .set addr, addr + 0x200000
    .endr

    .bss
    .align 16
    .skip 65536
first_stack_top:

// ---- interrupts: struct Frame of machine.h is what common_entry leaves on the stack
    .text
    .macro entry vector, has_error
    .if \has_error == 0
    pushq $0
    .endif
    pushq $\vector
    jmp common_entry
    .align 16
    .endm

    .align 16
    .globl interrupt_entries
interrupt_entries:                  // 16 bytes each
    .set vector, 0
    .altmacro
    .rept 48
    .if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21
    entry %vector, 1
    .else
    entry %vector, 0
    .endif
    .set vector, vector + 1
    .endr
    .noaltmacro

    .type common_entry, @function
common_entry:
    .irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    pushq %\register
    .endr
    cld
    movq %rsp, %rdi                 // 16-byte aligned: the processor aligned it before it pushed
    call interrupt
    .irp register, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    popq %\register
    .endr
    addq $16, %rsp                  // vector and error code
    iretq
    .size common_entry, . - common_entry

    .section .note.GNU-stack, "", @progbits

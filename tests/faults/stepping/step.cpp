// SPDX-License-Identifier: MIT OR Apache-2.0
// The trap handler and the call that raises the trap flag. While a signal handler runs the kernel
// has the flag cleared, so all that happens at a point runs at full speed. A system call would hide
// the point behind it (the flag is masked on entry, and works again only after one more
// instruction), so the handler makes the call itself and moves the interrupted code past it.
#include "tests/faults/stepping/step.h"

#include "tests/freestanding/process.h"
#include "tests/freestanding/test.h"

#include <asm/ucontext.h>

extern "C" {
// The stack pointer that leave_function() restores; below it lie the registers a call preserves.
std::uint64_t stepping_saved_stack;
std::uint64_t stepping_flags;  // to be set when the function is called
// step.cpp's own assembly below.
long stepping_call(const void* function, long a, long b, long c, long d);
extern const char stepping_returned[];
}

// stepping_call(function, a, b, c, d): function(a, b, c, d) under the trap flag. psABI 3.2.
asm(".text\n"
    ".globl stepping_call\n"
    ".globl stepping_returned\n"
    "stepping_call:\n"
    "    push %rbx\n"
    "    push %rbp\n"
    "    push %r12\n"
    "    push %r13\n"
    "    push %r14\n"
    "    push %r15\n"
    "    sub $8, %rsp\n"  // a multiple of 16 where the function is called
    "    mov %rsp, stepping_saved_stack(%rip)\n"
    "    mov %rdi, %rax\n"
    "    mov %rsi, %rdi\n"
    "    mov %rdx, %rsi\n"
    "    mov %rcx, %rdx\n"
    "    mov %r8, %rcx\n"
    "    pushfq\n"
    "    mov stepping_flags(%rip), %r11\n"
    "    or %r11, (%rsp)\n"
    "    popfq\n"  // the first trap comes after the instruction behind this one
    "    call *%rax\n"
    "stepping_returned:\n"  // here the handler clears the flag
    "    add $8, %rsp\n"
    "    pop %r15\n"
    "    pop %r14\n"
    "    pop %r13\n"
    "    pop %r12\n"
    "    pop %rbp\n"
    "    pop %rbx\n"
    "    ret\n");

namespace stepping {

Stepper g_stepper;

namespace {

constexpr std::uint64_t kTrapFlag = 0x100;
constexpr std::uint64_t kDirectionFlag = 0x400;

bool is_system_call(std::uint64_t addr) {
    const auto* const code = reinterpret_cast<const unsigned char*>(addr);
    return code[0] == 0x0f && code[1] == 0x05;
}

// As the instruction does: psABI A.2.1.
void make_system_call(Registers& registers) {
    registers.rax = static_cast<std::uint64_t>(
        emma_syscall(static_cast<long>(registers.rax), static_cast<long>(registers.rdi),
                     static_cast<long>(registers.rsi), static_cast<long>(registers.rdx),
                     static_cast<long>(registers.r10), static_cast<long>(registers.r8),
                     static_cast<long>(registers.r9)));
    registers.rip += 2;
    registers.rcx = registers.rip;
    registers.r11 = registers.eflags;
}

// Whether the function is to be interrupted here.
bool pass_point(std::uint64_t addr) {
    Stepper& stepper = g_stepper;
    if (addr == stepper.last_addr) return false;
    stepper.last_addr = addr;
    if (stepper.trace != nullptr && stepper.point < kMaxTrace) stepper.trace[stepper.point] = addr;
    stepper.was_reached = stepper.point == stepper.target;
    if (stepper.was_reached) return true;
    ++stepper.point;
    return false;
}

void interrupt(Registers& registers) {
    registers.eflags &= ~kTrapFlag;
    g_stepper.at_point(registers);
}

// A breakpoint is one byte, int3. The page stays writable: the process ends soon. No other thread
// executes Emma while it is there.
constexpr unsigned char kInt3 = 0xcc;
unsigned char g_replaced;

void plant() {
    g_replaced = *g_stepper.breakpoint;
    *g_stepper.breakpoint = kInt3;
}
void pull_out() { *g_stepper.breakpoint = g_replaced; }

// At the breakpoint, or one instruction behind it.
void on_breakpoint(Registers& registers) {
    Stepper& stepper = g_stepper;
    if (*stepper.breakpoint != kInt3) {
        registers.eflags &= ~kTrapFlag;
        plant();
        return;
    }
    pull_out();
    --registers.rip;
    stepper.was_reached = !stepper.in_callback && stepper.hits_to_pass-- == 0;
    if (stepper.was_reached) {
        stepper.breakpoint = nullptr;
        return interrupt(registers);
    }
    if (!is_system_call(registers.rip)) {
        registers.eflags |= kTrapFlag;
        return;
    }
    make_system_call(registers);
    plant();
}

void on_trap(int, void*, ucontext* context) {
    Registers& registers = context->uc_mcontext;
    if (registers.rip == reinterpret_cast<std::uint64_t>(stepping_returned)) {
        registers.eflags &= ~kTrapFlag;
        return;
    }
    if (g_stepper.breakpoint != nullptr) return on_breakpoint(registers);
    if (g_stepper.in_callback) return;
    bool is_reached = pass_point(registers.rip);
    while (!is_reached && is_system_call(registers.rip)) {
        if (static_cast<long>(registers.rax) == g_stepper.sought_call)
            g_stepper.target = g_stepper.point;
        make_system_call(registers);
        is_reached = pass_point(registers.rip);
    }
    if (is_reached) interrupt(registers);
}

}  // namespace

void install_trap_handler() { install_handler(kSigTrap, reinterpret_cast<void*>(on_trap)); }

void aim(std::uint64_t point, const std::uint64_t* trace, std::uint64_t points) {
    g_stepper.target = point;
    if (point >= points || point >= kMaxTrace) return;
    std::uint64_t hits = 0;
    for (std::uint64_t i = 0; i < point; ++i) hits += trace[i] == trace[point] ? 1 : 0;
    if (2 * hits + 2 > point) return;
    // PROT_READ | PROT_WRITE | PROT_EXEC
    CHECK(emma_syscall(__NR_mprotect, trace[point] & ~0xfffL, 4096L, 7L) == 0);
    g_stepper.breakpoint = reinterpret_cast<unsigned char*>(trace[point]);
    g_stepper.hits_to_pass = hits;
}

long call(const void* function, long a, long b, long c, long d) {
    g_stepper.point = 0;
    g_stepper.last_addr = 0;
    g_stepper.was_reached = false;
    g_stepper.in_callback = false;
    stepping_flags = g_stepper.breakpoint == nullptr ? kTrapFlag : 0;
    if (g_stepper.breakpoint != nullptr) plant();
    const long result = stepping_call(function, a, b, c, d);
    if (g_stepper.breakpoint != nullptr) pull_out();
    g_stepper.breakpoint = nullptr;
    return result;
}

void leave_function(Registers& registers) {
    registers.rip = reinterpret_cast<std::uint64_t>(stepping_returned);
    registers.rsp = stepping_saved_stack;
    registers.eflags &= ~(kTrapFlag | kDirectionFlag);
}

}  // namespace stepping

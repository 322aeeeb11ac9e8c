// SPDX-License-Identifier: MIT OR Apache-2.0
// The machine as far as this kernel uses it: two processors, the local APIC with its timer, the
// first serial port, and QEMU's device that ends the run. Nothing here allocates.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

// ---- memory: physical addresses, and where the kernel finds them (boot.S)
inline constexpr std::uintptr_t kDirectMap = 0xffff800000000000;
inline constexpr std::uintptr_t kKernelBase = 0xffffffff80000000;

template <typename T>
T* at_physical(std::uint64_t address) {
    return reinterpret_cast<T*>(kDirectMap + address);
}

// ---- the two processors
inline constexpr unsigned kCpuCount = 2;

// What %gs points at. `heap` is where Emma notes the processor's heap: HEAP_SLOT=gs:8.
struct Cpu {
    Cpu* self;
    void* heap;
    unsigned index;
    unsigned depth;                       // interrupt handlers that are running
    std::uint64_t ticks;                  // of the timer
    std::uint64_t ticks_in_emma;          // ... that came inside the allocator
    std::uint64_t nested_ticks;           // ... that came inside a handler
    std::atomic<std::uint64_t> barriers;  // requests answered
};
static_assert(offsetof(Cpu, heap) == 8);

inline Cpu& this_cpu() {
    Cpu* cpu;
    asm volatile("movq %%gs:0, %0" : "=r"(cpu));
    return *cpu;
}
Cpu& cpu(unsigned index);

// What is on the stack when interrupt() is called.
struct Frame {
    std::uint64_t registers[15];
    std::uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

// Interrupts and the timer's for the calling processor; makes it this_cpu().
void set_up_cpu(unsigned index);
// Starts the second processor, which calls second_main(); false: it did not come.
bool start_second_cpu();

inline void enable_interrupts() { asm volatile("sti" ::: "memory"); }
inline void disable_interrupts() { asm volatile("cli" ::: "memory"); }
inline bool interrupts_enabled() {
    std::uint64_t flags;
    asm volatile("pushfq; popq %0" : "=r"(flags)::"memory");
    return (flags & 0x200) != 0;
}
inline void spin_pause() { asm volatile("pause" ::: "memory"); }

// The timer of the calling processor, about ten thousand times a second.
void start_timer();
void stop_timer();
// Called by every tick, on the stack of what it interrupted, with interrupts enabled again (so it
// may be interrupted by the next) unless handlers are three deep.
void on_tick();

// ---- output and end
void print(const char* text);
void print(const char* text, std::size_t length);
void print_number(std::uint64_t value, unsigned base = 10);

enum class Outcome : std::uint8_t { kPassed = 0x10, kFailed = 0x11, kPanicked = 0x12 };
// QEMU exits with 2 * outcome + 1.
[[noreturn]] void end_run(Outcome outcome);

// ---- the boot map (pages.cpp)
struct StartInfo;
// Makes the memory of the boot map the pages that Emma asks for; bytes.
std::uint64_t take_boot_memory(const StartInfo& info);
// The kernel's command line.
const char* command_line(const StartInfo& info);
// Held by Emma now.
std::uint64_t pages_taken();

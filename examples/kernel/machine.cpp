// SPDX-License-Identifier: MIT OR Apache-2.0
// Descriptor tables, the local APIC (Intel SDM vol. 3A, chapter 10), the serial port, the end of
// the run. The barrier that Emma may ask for is an interrupt to the other processor.
#include "machine.h"

#include <emma_bare.h>

extern "C" {
extern unsigned char interrupt_entries[];
extern unsigned char emma_text_begin[], emma_text_end[];
extern unsigned char trampoline_begin_high[], trampoline_end_high[];
extern std::uint64_t pml4_high[];
constinit std::uintptr_t second_stack_top = 0;  // read by boot.S
void interrupt(Frame* frame);
}

namespace {

constexpr unsigned kTimerVector = 32;
constexpr unsigned kBarrierVector = 33;
constexpr unsigned kSpuriousVector = 47;
constexpr unsigned kDeepest = 3;

constinit Cpu g_cpus[kCpuCount]{};
alignas(16) constinit unsigned char g_second_stack[65536]{};
constinit std::atomic<unsigned> g_cpus_up{0};

// ---- ports and registers

void out8(std::uint16_t port, std::uint8_t value) {
    asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
std::uint8_t in8(std::uint16_t port) {
    std::uint8_t value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
void write_msr(std::uint32_t msr, std::uint64_t value) {
    asm volatile("wrmsr"
                 :
                 : "c"(msr), "a"(static_cast<std::uint32_t>(value)),
                   "d"(static_cast<std::uint32_t>(value >> 32)));
}
constexpr std::uint32_t kGsBase = 0xc0000101;

// ---- local APIC: one at the same address for each processor

enum ApicRegister : std::uint32_t {
    kEndOfInterrupt = 0xb0,
    kSpurious = 0xf0,
    kCommandLow = 0x300,
    kTimer = 0x320,
    kTimerInitial = 0x380,
    kTimerDivide = 0x3e0,
};
volatile std::uint32_t& apic(ApicRegister which) {
    return *at_physical<volatile std::uint32_t>(0xfee00000u + which);
}
constexpr std::uint32_t kPeriodic = 1u << 17;
constexpr std::uint32_t kMasked = 1u << 16;
constexpr std::uint32_t kAllButSelf = 3u << 18;
constexpr std::uint32_t kAssert = 1u << 14;
constexpr std::uint32_t kInit = 5u << 8;
constexpr std::uint32_t kStartUp = 6u << 8;

void command(std::uint32_t what) {
    while ((apic(kCommandLow) & (1u << 12)) != 0) spin_pause();
    apic(kCommandLow) = what;
}

// A write to this port takes about a microsecond on real machines.
void wait_microseconds(unsigned count) {
    for (unsigned i = 0; i < count; ++i) out8(0x80, 0);
}

// ---- interrupt descriptor table

struct Gate {
    std::uint16_t low, selector, type, middle;
    std::uint32_t high, zero;
};
struct [[gnu::packed]] TablePointer {
    std::uint16_t limit;
    const void* base;
};
constexpr unsigned kVectors = 48;
constinit Gate g_gates[kVectors]{};

void load_gates() {
    for (unsigned vector = 0; vector < kVectors; ++vector) {
        const auto entry = reinterpret_cast<std::uintptr_t>(interrupt_entries + 16 * vector);
        g_gates[vector] = {static_cast<std::uint16_t>(entry),
                           0x10,
                           0x8e00,
                           static_cast<std::uint16_t>(entry >> 16),
                           static_cast<std::uint32_t>(entry >> 32),
                           0};
    }
    const TablePointer pointer{sizeof g_gates - 1, g_gates};
    asm volatile("lidt %0" : : "m"(pointer));
}

// Both interrupt controllers of the PC send nothing; there is only the local APIC.
void silence_legacy_controllers() {
    out8(0x21, 0xff);
    out8(0xa1, 0xff);
}

[[noreturn]] void end_by_exception(const Frame& frame) {
    print("kernel: exception ");
    print_number(frame.vector);
    print(" at 0x");
    print_number(frame.rip, 16);
    std::uint64_t address;
    asm volatile("movq %%cr2, %0" : "=r"(address));
    print(", address 0x");
    print_number(address, 16);
    print("\n");
    end_run(Outcome::kFailed);
}

void tick(const Frame& frame) {
    Cpu& here = this_cpu();
    ++here.ticks;
    const auto begin = reinterpret_cast<std::uintptr_t>(emma_text_begin);
    const auto end = reinterpret_cast<std::uintptr_t>(emma_text_end);
    if (frame.rip - begin < end - begin) ++here.ticks_in_emma;
    if (here.depth != 0) ++here.nested_ticks;
    ++here.depth;
    apic(kEndOfInterrupt) = 0;
    if (here.depth < kDeepest) enable_interrupts();
    on_tick();
    disable_interrupts();
    --here.depth;
}

}  // namespace

void interrupt(Frame* frame) {
    switch (frame->vector) {
        case kTimerVector:
            return tick(*frame);
        case kBarrierVector:
            // The interrupt itself has serialised the processor; the count says so.
            this_cpu().barriers.fetch_add(1, std::memory_order_seq_cst);
            apic(kEndOfInterrupt) = 0;
            return;
        case kSpuriousVector:
            return;
        default:
            end_by_exception(*frame);
    }
}

Cpu& cpu(unsigned index) { return g_cpus[index]; }

void set_up_cpu(unsigned index) {
    Cpu& here = g_cpus[index];
    here.self = &here;
    here.index = index;
    write_msr(kGsBase, reinterpret_cast<std::uint64_t>(&here));
    if (index == 0) silence_legacy_controllers();
    load_gates();
    apic(kSpurious) = 0x100 | kSpuriousVector;  // bit 8: the APIC works
    g_cpus_up.fetch_add(1, std::memory_order_seq_cst);
}

bool start_second_cpu() {
    second_stack_top = reinterpret_cast<std::uintptr_t>(g_second_stack + sizeof g_second_stack);
    unsigned char* const place = at_physical<unsigned char>(0x8000);
    const auto length = static_cast<std::size_t>(trampoline_end_high - trampoline_begin_high);
    for (std::size_t i = 0; i < length; ++i) place[i] = trampoline_begin_high[i];
    command(kAllButSelf | kAssert | kInit);
    wait_microseconds(10000);
    for (int attempt = 0; attempt < 2; ++attempt) {
        command(kAllButSelf | kAssert | kStartUp | 0x8);  // the page at 0x8000
        wait_microseconds(200);
    }
    for (unsigned i = 0; g_cpus_up.load(std::memory_order_seq_cst) != kCpuCount; ++i) {
        if (i == 10'000'000) return false;
        wait_microseconds(1);
    }
    // From here on low addresses fault on both, null among them.
    pml4_high[0] = 0;
    std::uint64_t tables;
    asm volatile("movq %%cr3, %0; movq %0, %%cr3" : "=r"(tables)::"memory");
    return true;
}

// QEMU's timer counts nanoseconds.
void start_timer() {
    apic(kTimerDivide) = 0xb;  // by 1
    apic(kTimer) = kPeriodic | kTimerVector;
    apic(kTimerInitial) = 100'000;
}
void stop_timer() {
    apic(kTimer) = kMasked | kTimerVector;
    apic(kTimerInitial) = 0;
}

// The other processor answers an interrupt. That it answers another processor's request is as good:
// it does so after this call has begun. Not where this one could not answer in its turn.
bool emma_bare_barrier() noexcept {
    if (!interrupts_enabled()) return false;
    Cpu& other = g_cpus[1 - this_cpu().index];
    const std::uint64_t before = other.barriers.load(std::memory_order_seq_cst);
    disable_interrupts();  // the command register takes one command at a time
    command(kAllButSelf | kAssert | kBarrierVector);
    enable_interrupts();
    while (other.barriers.load(std::memory_order_seq_cst) == before) spin_pause();
    return true;
}

// The same word as by HEAP_SLOT=gs:8; called in a build with HEAP_SLOT=function alone.
void** emma_bare_heap_slot() noexcept { return &this_cpu().heap; }

// ---- output and end

void print(const char* text, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) {
        while ((in8(0x3f8 + 5) & 0x20) == 0) spin_pause();  // the transmitter has room
        out8(0x3f8, static_cast<std::uint8_t>(text[i]));
    }
}

void print(const char* text) {
    std::size_t length = 0;
    while (text[length] != '\0') ++length;
    print(text, length);
}

void print_number(std::uint64_t value, unsigned base) {
    char digits[24];
    std::size_t first = sizeof digits;
    do digits[--first] = "0123456789abcdef"[value % base];
    while ((value /= base) != 0);
    print(digits + first, sizeof digits - first);
}

void end_run(Outcome outcome) {
    out8(0xf4, static_cast<std::uint8_t>(outcome));
    for (;;) asm volatile("cli; hlt");
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// The thread control block: what %fs points at (x86-64 psABI 3.4.2, ELF TLS variant II: the
// thread's TLS block lies directly below it). crt/ lays it out and fills it; compilers and
// debuggers rely on the first two asserted offsets.
#pragma once

#include <cstddef>
#include <cstdint>

namespace emma::arch {

struct ThreadControlBlock {
    ThreadControlBlock* self;    // %fs:0, read by every access that takes a TLS variable's address
    std::uintptr_t reserved[4];  // dtv and others of the libcs; unused, kept zero
    std::uintptr_t canary;       // %fs:0x28, read by -fstack-protector code
    // What objects of musl's archive behind Emma's (crt/README.md) find in its thread structure,
    // which they write to in places, as in fork and posix_spawn.
    std::uintptr_t musl[15];
    const void* locale;  // %fs:0xa8
    std::uintptr_t musl_behind[4];
    const void* locale_c[6];  // kept null: the categories of the locale C
};

static_assert(offsetof(ThreadControlBlock, self) == 0);
static_assert(offsetof(ThreadControlBlock, canary) == 0x28);
static_assert(offsetof(ThreadControlBlock, locale) == 0xa8);

// The calling thread's control block. Valid once someone has set %fs to one.
inline ThreadControlBlock* thread_pointer() {
    ThreadControlBlock* self;
    asm("movq %%fs:0, %0" : "=r"(self));
    return self;
}

}  // namespace emma::arch

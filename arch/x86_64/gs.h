// SPDX-License-Identifier: MIT OR Apache-2.0
// Words behind %gs, which kernels point at what belongs to a processor. Always inlined, as the
// offset is part of the instruction. Single instructions: an interrupt on the same processor comes
// before or after; other processors never touch these words. No state, no system calls.
#pragma once

namespace emma::arch {

// In: nothing. Destroys: nothing. Volatile: an interrupt may have changed the word.
[[gnu::always_inline]] inline void* load_gs(unsigned offset) {
    void* value;
    asm volatile("movq %%gs:%c1, %0" : "=r"(value) : "i"(offset));
    return value;
}

[[gnu::always_inline]] inline void store_gs(unsigned offset, void* value) {
    asm volatile("movq %0, %%gs:%c1" : : "r"(value), "i"(offset) : "memory");
}

// Stores `value` if the word is `expected`; else `expected` becomes what was found. Without a lock
// prefix: atomic towards interrupts on this processor alone.
[[gnu::always_inline]] inline bool compare_exchange_gs(unsigned offset, void*& expected,
                                                       void* value) {
    bool done;
    asm volatile("cmpxchgq %[value], %%gs:%c[offset]"
                 : "=@ccz"(done), "+a"(expected)
                 : [value] "r"(value), [offset] "i"(offset)
                 : "memory");
    return done;
}

}  // namespace emma::arch

// SPDX-License-Identifier: MIT OR Apache-2.0
// The facade over the processor: everything above this folder includes this file and never a
// folder below it. It holds the only `#if` on the CPU; a new CPU is a new folder that offers the
// names asserted at the end of this file, plus `entry.S` (program start), `clone.S` (new thread)
// and `tcb.h` (thread control block) for the program start code in crt/.
#pragma once

#if defined(__x86_64__) && defined(__LP64__)
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/gs.h"
#include "arch/x86_64/random.h"
#include "arch/x86_64/syscall.h"
#include "arch/x86_64/syscall_numbers.h"
#include "arch/x86_64/tcb.h"
#else
#error "Emma: no arch/ folder serves this CPU and data model"
#endif

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace emma::arch {

// The whole contract of a CPU folder, in one place. A missing name or a wrong type stops here,
// not in the middle of core/.
static_assert(std::same_as<decltype(syscall0(0)), long>);
static_assert(std::same_as<decltype(syscall1(0, 0)), long>);
static_assert(std::same_as<decltype(syscall2(0, 0, 0)), long>);
static_assert(std::same_as<decltype(syscall3(0, 0, 0, 0)), long>);
static_assert(std::same_as<decltype(syscall4(0, 0, 0, 0, 0)), long>);
static_assert(std::same_as<decltype(syscall5(0, 0, 0, 0, 0, 0)), long>);
static_assert(std::same_as<decltype(syscall6(0, 0, 0, 0, 0, 0, 0)), long>);
static_assert(std::same_as<decltype(pause()), void>);
static_assert(std::same_as<decltype(copy_bytes(nullptr, nullptr, std::size_t{})), void>);
static_assert(std::same_as<decltype(zero_bytes(nullptr, std::size_t{})), void>);
static_assert(std::same_as<decltype(thread_pointer()), ThreadControlBlock*>);
static_assert(std::same_as<decltype(load_gs(0)), void*>);
static_assert(std::same_as<decltype(stack_canary()), std::uint64_t>);
static_assert(std::same_as<decltype(random_word()), std::uint64_t>);
static_assert(kCacheLineBytes >= 64 && (kCacheLineBytes & (kCacheLineBytes - 1)) == 0);

}  // namespace emma::arch

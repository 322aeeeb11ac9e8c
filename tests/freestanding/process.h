// SPDX-License-Identifier: MIT OR Apache-2.0
// The system calls that the stepping harness and the storms need and the crt has no names for:
// signals, processes, a sleep on a word. Nothing here touches the allocator.
#pragma once

#include "tests/freestanding/test.h"

#include <asm/signal.h>
#include <asm/unistd.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>

namespace process {

// rt_sigreturn(2), which the kernel's ABI wants the program to provide (sigaction(2), SA_RESTORER);
// in these very bytes, by which debuggers know a signal's frame.
[[gnu::naked]] inline void restore_after_signal() {
    asm("mov $15, %rax\n"
        "syscall\n");
}

inline constexpr long kSigTrap = SIGTRAP;

// A handler on the interrupted stack; by default its own signal may interrupt it.
inline void install_handler(long signal, void* handler,
                            std::uintptr_t flags = SA_SIGINFO | SA_NODEFER,
                            std::uintptr_t mask = 0) {
    // struct sigaction as the kernel has it: handler, flags, restorer, mask.
    const std::uintptr_t action[4] = {reinterpret_cast<std::uintptr_t>(handler),
                                      SA_RESTORER | flags,
                                      reinterpret_cast<std::uintptr_t>(restore_after_signal), mask};
    CHECK(emma_syscall(__NR_rt_sigaction, signal, action, 0L, 8L) == 0);
}

// After so many seconds the process dies by SIGALRM: what hangs is found. A fork does not inherit
// it.
inline void limit_time(long seconds) { emma_syscall(__NR_alarm, seconds); }

// The child's id, or 0 in the child. `through_clone`: by the raw clone(2) of a new process.
inline long fork_process(bool through_clone) {
    const long child = through_clone ? emma_syscall(__NR_clone, long{SIGCHLD}, 0L, 0L, 0L, 0L)
                                     : emma_syscall(__NR_fork);
    CHECK(child >= 0);
    return child;
}

// The status that wait4(2) reports: 0 is exit(0).
inline int wait_for_process(long child) {
    int status = -1;
    long waited;
    do waited = emma_syscall(__NR_wait4, child, &status, 0L, 0L);
    while (waited == -4);  // EINTR
    CHECK(waited == child);
    return status;
}

// Registers the process for membarrier(2), and every child: where threads run already, the kernel
// takes some ten milliseconds for that.
inline void register_for_barriers() {
    emma_syscall(__NR_membarrier, 16L, 0L);  // MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED
}

// Memory that stays common to a process and its children; zero.
inline void* map_shared(std::size_t bytes) {
    // PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS
    const long pages = emma_syscall(__NR_mmap, 0L, bytes, 3L, 0x21L, -1L, 0L);
    CHECK(pages > 0);
    return reinterpret_cast<void*>(pages);
}

// A word that threads of a process wait for.
class Phase {
  public:
    std::uint32_t get() const { return __atomic_load_n(&word_, __ATOMIC_ACQUIRE); }
    void set(std::uint32_t value) {
        __atomic_store_n(&word_, value, __ATOMIC_RELEASE);
        emma_syscall(__NR_futex, &word_, 129L, 1000L);  // FUTEX_WAKE_PRIVATE
    }
    void wait_while(std::uint32_t value) const {
        while (get() == value)
            emma_syscall(__NR_futex, &word_, 128L, long{value}, 0L);  // FUTEX_WAIT_PRIVATE
    }

  private:
    std::uint32_t word_ = 0;
};

// RLIMIT_AS: how much address space the process may have.
inline void set_address_space_limit(std::uint64_t bytes) {
    const std::uint64_t limit[2] = {bytes, ~std::uint64_t{0}};
    CHECK(emma_syscall(__NR_prlimit64, 0L, 9L, limit, 0L) == 0);
}
inline bool g_memory_is_limited = false;
inline void limit_memory(std::size_t bytes) {
    set_address_space_limit(bytes);
    g_memory_is_limited = true;
}
inline void lift_memory_limit() {
    if (g_memory_is_limited) set_address_space_limit(~std::uint64_t{0});
    g_memory_is_limited = false;
}

// Where the allocator maps next (core/page_source.h).
extern "C" std::uint64_t zone_cursors[3] asm("_ZN4emma14g_zone_cursorsE");

// Starts the program again without random addresses, where it has them and the kernel is willing.
// To be called before the first allocation.
inline void fix_addresses(char** argv, char** envp) {
    for (unsigned zone = 0; zone < 3; ++zone)
        zone_cursors[zone] = (std::uint64_t{17} + 7 * zone) << 40;
    constexpr long kNoRandomAddresses = 0x40000;  // ADDR_NO_RANDOMIZE, personality(2)
    const long now = emma_syscall(__NR_personality, 0xffffffffL);
    if (now < 0 || (now & kNoRandomAddresses) != 0) return;
    if (emma_syscall(__NR_personality, now | kNoRandomAddresses) < 0) return;
    emma_syscall(__NR_execve, "/proc/self/exe", argv, envp);
}

[[noreturn]] inline void end_process(int status) {
    for (;;) emma_syscall(__NR_exit_group, long{status});
}

[[noreturn]] inline void end_thread() {
    for (;;) emma_syscall(__NR_exit, 0L);
}

}  // namespace process

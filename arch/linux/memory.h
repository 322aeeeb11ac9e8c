// SPDX-License-Identifier: MIT OR Apache-2.0
// The memory system calls, typed: private anonymous mappings only, each in the one shape that the
// published list names. Sizes are bytes and multiples of the page size; addresses are page-aligned.
// Thread- and signal-safe; no errno is touched.
#pragma once

#include "arch/arch.h"
#include "arch/linux/result.h"

namespace emma::arch {

inline constexpr long kProtNone = 0;
inline constexpr long kProtRead = 1;
inline constexpr long kProtReadWrite = 1 | 2;
inline constexpr long kMapPrivateAnonymous = 0x02 | 0x20;
inline constexpr long kMapFixedNoReplace = 0x100000;
inline constexpr long kRemapMayMove = 1;
inline constexpr long kRemapFixed = 2;
inline constexpr long kAdviseDontNeed = 4;
inline constexpr long kAdviseWipeOnFork = 18;
inline constexpr long kAdvisePopulateWrite = 23;

// mmap(2): a new zeroed mapping where the kernel likes.
[[gnu::always_inline]] inline Result<void*> map_anywhere(std::size_t bytes, long protection) {
    const long raw =
        syscall6(kSysMmap, 0, static_cast<long>(bytes), protection, kMapPrivateAnonymous, -1, 0);
    if (is_error(raw)) return error_of(raw);
    return reinterpret_cast<void*>(raw);
}

// mmap(2) at exactly `address`, or kExists where something is mapped there. A kernel before 4.17
// takes the address as a hint; a mapping made elsewhere is undone here, so the answer is the same.
inline Result<void*> map_at(std::uintptr_t address, std::size_t bytes, long protection) {
    const long raw = syscall6(kSysMmap, static_cast<long>(address), static_cast<long>(bytes),
                              protection, kMapPrivateAnonymous | kMapFixedNoReplace, -1, 0);
    if (is_error(raw)) return error_of(raw);
    if (static_cast<std::uintptr_t>(raw) != address) {
        syscall2(kSysMunmap, raw, static_cast<long>(bytes));
        return Errno::kExists;
    }
    return reinterpret_cast<void*>(raw);
}

// mmap(2) at exactly `address`, in the place of what is mapped there.
inline Errno map_over(void* address, std::size_t bytes, long protection) {
    constexpr long kMapFixed = 0x10;
    const long raw = syscall6(kSysMmap, reinterpret_cast<long>(address), static_cast<long>(bytes),
                              protection, kMapPrivateAnonymous | kMapFixed, -1, 0);
    return is_error(raw) ? error_of(raw) : Errno::kNone;
}

// munmap(2).
inline Errno unmap(void* address, std::size_t bytes) {
    return status_of(
        syscall2(kSysMunmap, reinterpret_cast<long>(address), static_cast<long>(bytes)));
}

// mprotect(2).
inline Errno protect(void* address, std::size_t bytes, long protection) {
    return status_of(syscall3(kSysMprotect, reinterpret_cast<long>(address),
                              static_cast<long>(bytes), protection));
}

// mremap(2): to `new_bytes` where it is (`target` is `address`), or onto `target`, whose
// `new_bytes` are replaced, whatever is mapped there. False: the pages behind are taken, or there
// is no memory; the mapping is as it was, and what was mapped at another `target` may be gone.
inline bool remap(void* address, std::size_t old_bytes, void* target, std::size_t new_bytes) {
    return !is_error(syscall5(kSysMremap, reinterpret_cast<long>(address),
                              static_cast<long>(old_bytes), static_cast<long>(new_bytes),
                              target == address ? 0 : kRemapMayMove | kRemapFixed,
                              reinterpret_cast<long>(target)));
}

// madvise(2), MADV_DONTNEED: the pages read as zero from now on and are not resident.
inline Errno discard(void* address, std::size_t bytes) {
    return status_of(syscall3(kSysMadvise, reinterpret_cast<long>(address),
                              static_cast<long>(bytes), kAdviseDontNeed));
}

// madvise(2), MADV_WIPEONFORK: the pages read as zero in the child of a fork. kInvalid before
// Linux 4.14.
inline Errno wipe_on_fork(void* address, std::size_t bytes) {
    return status_of(syscall3(kSysMadvise, reinterpret_cast<long>(address),
                              static_cast<long>(bytes), kAdviseWipeOnFork));
}

// madvise(2), MADV_POPULATE_WRITE: every page is there, as if it had been written. kInvalid before
// Linux 5.14.
inline Errno populate(void* address, std::size_t bytes) {
    return status_of(syscall3(kSysMadvise, reinterpret_cast<long>(address),
                              static_cast<long>(bytes), kAdvisePopulateWrite));
}

}  // namespace emma::arch

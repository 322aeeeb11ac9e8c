// SPDX-License-Identifier: MIT OR Apache-2.0
// A Linux process as the program around a bare archive: the functions of emma_bare.h over mmap,
// with an account of what is held and a switch that refuses a call. For the tests of this folder,
// each of which includes it once; the libc's malloc stays the libc's.
#pragma once

#include <emma_bare.h>

#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            _exit(1);                                                                    \
        }                                                                                \
    } while (false)

namespace host {

enum Call { kMap, kUnmap, kPurge, kCalls };
inline const char* const kCallNames[] = {"map", "unmap", "purge"};

inline std::atomic<long> calls[kCalls];
inline std::atomic<long> refused[kCalls];
inline std::atomic<long> barriers;
inline bool has_barrier = true;
inline std::atomic<std::size_t> held_bytes;
// Refuses the calls of one kind from number `first` to `last` (from 1 on).
inline Call refuse_call = kMap;
inline long refuse_first = 0;
inline long refuse_last = -1;
// Gives the addresses of this many calls of map 4096 bytes beside a multiple of the alignment.
inline std::atomic<long> misaligned;

inline bool refuses(Call call) {
    const long number = calls[call].fetch_add(1) + 1;
    if (call != refuse_call || number < refuse_first || number > refuse_last) return false;
    refused[call].fetch_add(1);
    return true;
}

inline emma_panic_kind panic_kind;
inline const void* panic_pointer;
inline char panic_message[128];
inline std::jmp_buf after_panic;
inline bool panic_returns = false;

}  // namespace host

// Where the test has none of its own.
#if !defined(HOST_HAS_PAGES)
void* emma_bare_map(size_t bytes, size_t alignment) noexcept {
    CHECK(bytes != 0 && bytes % 4096 == 0 && alignment >= 4096 &&
          (alignment & (alignment - 1)) == 0);
    if (host::refuses(host::kMap)) return nullptr;
    if (alignment > std::size_t{1} << 46) return nullptr;
    const std::size_t padded = bytes + 2 * alignment;
    void* const all = mmap(nullptr, padded, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) return nullptr;
    const auto begin = reinterpret_cast<std::uintptr_t>(all);
    std::uintptr_t pages = (begin + alignment - 1) & ~(alignment - 1);
    if (alignment > 4096 && host::misaligned.load() > 0 && host::misaligned.fetch_sub(1) > 0)
        pages += 4096;
    if (pages != begin) munmap(all, pages - begin);
    munmap(reinterpret_cast<void*>(pages + bytes), begin + padded - pages - bytes);
    host::held_bytes.fetch_add(bytes);
    return reinterpret_cast<void*>(pages);
}

bool emma_bare_unmap(void* pages, size_t bytes) noexcept {
    CHECK(reinterpret_cast<std::uintptr_t>(pages) % 4096 == 0 && bytes != 0 && bytes % 4096 == 0);
    if (host::refuses(host::kUnmap)) return false;
    CHECK(munmap(pages, bytes) == 0);
    host::held_bytes.fetch_sub(bytes);
    return true;
}

bool emma_bare_purge(void* pages, size_t bytes) noexcept {
    if (host::refuses(host::kPurge)) return false;
    return madvise(pages, bytes, MADV_DONTNEED) == 0;
}
#endif

bool emma_bare_barrier() noexcept {
    host::barriers.fetch_add(1);
    if (!host::has_barrier) return false;
    const int expedited = MEMBARRIER_CMD_PRIVATE_EXPEDITED;
    if (syscall(SYS_membarrier, expedited, 0) == 0) return true;
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0);
    return syscall(SYS_membarrier, expedited, 0) == 0;
}

void emma_bare_panic(const emma_panic* panic) noexcept {
    host::panic_kind = panic->kind;
    host::panic_pointer = panic->pointer;
    std::strncpy(host::panic_message, panic->message, sizeof host::panic_message - 1);
    if (host::panic_returns) return;
    std::longjmp(host::after_panic, 1);
}

inline void print_finding(void*, const char* text, std::size_t length) {
    (void)!write(2, text, length);
}

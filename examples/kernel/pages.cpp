// SPDX-License-Identifier: MIT OR Apache-2.0
// The page functions that Emma calls, over the memory that the boot map says is free: a bit a page
// (1 is free), taken and given back by atomic operations on whole words. So a handler may take
// pages while what it interrupted is taking some, and nobody ever waits. Memory is mapped for good,
// so there is no emma_bare_purge.
#include <emma_bare.h>

#include "machine.h"

// PVH's description of the machine (Xen, arch-x86/hvm/start_info.h, version 1).
struct StartInfo {
    std::uint32_t magic, version, flags, module_count;
    std::uint64_t modules, command_line, rsdp, memory_map;
    std::uint32_t memory_map_entries, reserved;
};

namespace {

struct MapEntry {
    std::uint64_t address, bytes;
    std::uint32_t type, reserved;
};
constexpr std::uint32_t kStartInfoMagic = 0x336ec578;
constexpr std::uint32_t kUsable = 1;

constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t kPageCount =
    (std::uint64_t{3} << 30) / kPageBytes;  // what boot.S maps as memory
constexpr std::uint64_t kWordCount = kPageCount / 64;

constinit std::atomic<std::uint64_t> g_free[kWordCount]{};
constinit std::atomic<std::uint64_t> g_taken_pages{0};
constinit std::uint64_t g_end_page = 0;  // behind the last page of memory

extern "C" unsigned char kernel_end[];

// The bits of pages [first, end) that lie in the word.
std::uint64_t bits_in(std::uint64_t word, std::uint64_t first, std::uint64_t end) {
    std::uint64_t bits = ~std::uint64_t{0};
    if (first > word * 64) bits &= ~std::uint64_t{0} << (first - word * 64);
    if (end < word * 64 + 64) bits &= ~(~std::uint64_t{0} << (end - word * 64));
    return bits;
}

void give(std::uint64_t first, std::uint64_t end) {
    for (std::uint64_t word = first / 64; word * 64 < end; ++word)
        g_free[word].fetch_or(bits_in(word, first, end), std::memory_order_release);
}

// All of the pages or none. Of two callers that want the same page the one that loses it gives back
// what it has.
bool take(std::uint64_t first, std::uint64_t end) {
    for (std::uint64_t word = first / 64; word * 64 < end; ++word) {
        const std::uint64_t wanted = bits_in(word, first, end);
        std::uint64_t free = g_free[word].load(std::memory_order_relaxed);
        bool done = false;
        while (!done && (free & wanted) == wanted)
            done = g_free[word].compare_exchange_weak(
                free, free & ~wanted, std::memory_order_acquire, std::memory_order_relaxed);
        if (done) continue;
        give(first, word * 64 > first ? word * 64 : first);
        return false;
    }
    return true;
}

}  // namespace

void* emma_bare_map(std::size_t bytes, std::size_t alignment) noexcept {
    const std::uint64_t count = bytes / kPageBytes;
    const std::uint64_t step = alignment / kPageBytes;
    if (count > g_end_page || step > g_end_page) return nullptr;
    const std::uint64_t last = (g_end_page - count) / step * step;
    for (std::uint64_t i = 0; i <= last; i += step) {
        // Little pieces from the top, so that they do not break what arenas are made of.
        const std::uint64_t first = alignment < (1u << 20) ? last - i : i;
        if (!take(first, first + count)) continue;
        g_taken_pages.fetch_add(count, std::memory_order_relaxed);
        void* const pages = at_physical<void>(first * kPageBytes);
        void* to = pages;
        std::size_t words = bytes / 8;
        asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0) : "memory");
        return pages;
    }
    return nullptr;
}

bool emma_bare_unmap(void* pages, std::size_t bytes) noexcept {
    const std::uint64_t first = (reinterpret_cast<std::uintptr_t>(pages) - kDirectMap) / kPageBytes;
    give(first, first + bytes / kPageBytes);
    g_taken_pages.fetch_sub(bytes / kPageBytes, std::memory_order_relaxed);
    return true;
}

std::uint64_t pages_taken() { return g_taken_pages.load(std::memory_order_relaxed) * kPageBytes; }

// All usable memory behind the kernel, except where QEMU has put what it tells.
std::uint64_t take_boot_memory(const StartInfo& info) {
    if (info.magic != kStartInfoMagic || info.version < 1) return 0;
    const std::uint64_t kernel = reinterpret_cast<std::uintptr_t>(kernel_end) - kKernelBase;
    const MapEntry* const map = at_physical<const MapEntry>(info.memory_map);
    std::uint64_t bytes = 0;
    for (std::uint32_t i = 0; i < info.memory_map_entries; ++i) {
        if (map[i].type != kUsable) continue;
        std::uint64_t first = (map[i].address + kPageBytes - 1) / kPageBytes;
        std::uint64_t end = (map[i].address + map[i].bytes) / kPageBytes;
        if (first < (kernel + kPageBytes - 1) / kPageBytes)
            first = (kernel + kPageBytes - 1) / kPageBytes;
        if (end > kPageCount) end = kPageCount;
        if (first >= end) continue;
        give(first, end);
        if (end > g_end_page) g_end_page = end;
        bytes += (end - first) * kPageBytes;
    }
    return bytes;
}

const char* command_line(const StartInfo& info) {
    return info.command_line != 0 ? at_physical<const char>(info.command_line) : "";
}

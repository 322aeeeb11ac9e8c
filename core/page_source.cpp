// SPDX-License-Identifier: MIT OR Apache-2.0
// The default page source. It chooses addresses itself, so that an aligned mapping is one system
// call that maps not a page too many: a cursor walks up through a range that programs leave empty,
// a window of whole arenas for each mapping. The kernel chooses where that fails.
#include "core/page_source.h"

#include "arch/linux/memory.h"
#include "core/layout.h"

namespace emma {
namespace {

// 17 to 25 TiB: below position-independent programs, libraries and stacks, above everything that is
// linked at a fixed address and above AddressSanitizer's shadow, within what valgrind and QEMU map.
constexpr std::uintptr_t kRangeStart = std::uintptr_t{17} << 40;
constexpr std::uintptr_t kRangeBytes = std::uintptr_t{8} << 40;
constexpr unsigned kWindowAttempts = 3;

constinit Atomic<std::uintptr_t> g_cursor{0};  // any thread; 0 until first used

// A start that differs from run to run where the system randomises the stack, and between copies of
// Emma in one program; no entropy is asked of the system, since that would be a call that a sandbox
// must allow.
std::uintptr_t first_cursor() {
    const auto stack_addr = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    const auto copy_addr = reinterpret_cast<std::uintptr_t>(&g_cursor);
    const std::uintptr_t mixed = ((stack_addr >> 4) + copy_addr) * 0x9e3779b97f4a7c15;
    return kRangeStart + align_down((mixed >> 8) & (kRangeBytes - 1), kArenaBytes);
}

// An address range of whole windows that no other call gets; relaxed: only the number matters.
// Retries only when another thread has taken its windows.
std::uintptr_t take_windows(std::size_t bytes, std::size_t alignment) {
    const std::size_t step = align_up(bytes, kArenaBytes);
    const std::size_t unit = alignment < kArenaBytes ? kArenaBytes : alignment;
    std::uintptr_t cursor = g_cursor.load(memory_order_relaxed);
    for (;;) {
        std::uintptr_t start = cursor == 0 ? first_cursor() : cursor;
        start = align_up(start, unit);
        if (start - kRangeStart > kRangeBytes || step > kRangeBytes)
            start = align_up(kRangeStart, unit);
        if (g_cursor.compare_exchange(cursor, start + step, memory_order_relaxed,
                                      memory_order_relaxed))
            return start;
    }
}

[[gnu::noinline]] bool system_unmap(void* counter, void* pages, std::size_t bytes) {
    count_call(counter);
    return arch::unmap(pages, bytes) == arch::Errno::kNone;
}

// Where the kernel likes, with the unaligned ends cut off.
void* map_and_trim(void* counter, std::size_t bytes, std::size_t alignment) {
    const std::size_t padded = bytes + alignment - kPageBytes;
    if (padded < bytes) return nullptr;
    count_call(counter);
    const arch::Result<void*> mapped = arch::map_anywhere(padded, arch::kProtReadWrite);
    if (!mapped.ok()) return nullptr;
    const auto start = reinterpret_cast<std::uintptr_t>(mapped.value());
    const std::uintptr_t aligned = align_up(start, alignment);
    const std::size_t before = aligned - start;
    const std::size_t after = padded - before - bytes;
    // A failed unmap leaves address space unused, nothing else.
    if (before != 0) (void)system_unmap(counter, mapped.value(), before);
    if (after != 0) (void)system_unmap(counter, reinterpret_cast<void*>(aligned + bytes), after);
    return reinterpret_cast<void*>(aligned);
}

// Pages that need no alignment go where the kernel likes, beside what is there: fewer page tables.
void* system_map(void* counter, std::size_t bytes, std::size_t alignment, std::uintptr_t) {
    const unsigned attempts = alignment > kPageBytes ? kWindowAttempts : 0;
    for (unsigned attempt = 0; attempt < attempts; ++attempt) {
        const std::uintptr_t addr = take_windows(bytes, alignment);
        count_call(counter);
        const arch::Result<void*> mapped = arch::map_at(addr, bytes, arch::kProtReadWrite);
        if (mapped.ok()) return mapped.value();
        if (mapped.error() != arch::Errno::kExists) break;
    }
    return map_and_trim(counter, bytes, alignment);
}

Extension system_extend(void* counter, std::uintptr_t addr, std::size_t bytes) {
    count_call(counter);
    const arch::Errno error = arch::map_at(addr, bytes, arch::kProtReadWrite).error();
    if (error == arch::Errno::kNone) return Extension::kDone;
    return error == arch::Errno::kExists ? Extension::kTaken : Extension::kRefused;
}

bool system_purge(void* counter, void* pages, std::size_t bytes) {
    count_call(counter);
    return arch::discard(pages, bytes) == arch::Errno::kNone;
}

bool system_resize(void* counter, void* pages, std::size_t old_bytes, std::size_t new_bytes) {
    count_call(counter);
    return arch::remap_in_place(pages, old_bytes, new_bytes) == arch::Errno::kNone;
}

bool system_move(void* counter, void* pages, std::size_t bytes, void* target,
                 std::size_t target_bytes) {
    count_call(counter);
    return arch::remap_onto(pages, bytes, target, target_bytes) == arch::Errno::kNone;
}

}  // namespace

constinit CallCount g_system_calls;

constinit const PageSource kSystemPages{.map = system_map,
                                        .extend = system_extend,
                                        .unmap = system_unmap,
                                        .purge = system_purge,
                                        .resize = system_resize,
                                        .move = system_move,
                                        .idle_bytes = nullptr,
                                        .context = &g_system_calls,
                                        .shape = &kDefaultShape,
                                        .origin = 0,
                                        .system_calls = &g_system_calls};

}  // namespace emma

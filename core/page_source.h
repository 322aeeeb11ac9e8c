// SPDX-License-Identifier: MIT OR Apache-2.0
// The only way down: where an instance gets its pages from. The default source is the system's
// memory calls; fixed regions, the program's own functions and tests bring others. A source keeps
// no record of what it gave.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/atomic.h"
#include "core/config.h"
#include "core/shape.h"

namespace emma {

enum class Extension : std::uint8_t {
    kDone,
    kRefused,  // no memory or address space left; may succeed later
    kTaken,    // something is mapped there
};

using CallCount = Atomic<std::size_t>;  // any thread, relaxed: it publishes nothing

// All sizes are bytes in whole pages. Every function may be called by any thread at any time, a
// signal handler included.
struct PageSource {
    // Zeroed pages at `base` plus a multiple of `alignment` (a power of two, at least a page), or
    // null. `base` is `origin` for an arena, and 0 for anything else; or a mapping whose pages are
    // to move here next, by `resize`: then it may be an address range that nothing is mapped in.
    void* (*map)(void* context, std::size_t bytes, std::size_t alignment, std::uintptr_t base);
    // Zeroed pages at exactly `addr`, directly behind pages of `map` or `extend`.
    Extension (*extend)(void* context, std::uintptr_t addr, std::size_t bytes);
    // Gives pages back; false: they stay mapped, and the caller still owns them.
    bool (*unmap)(void* context, void* pages, std::size_t bytes);
    // The pages read as zero from now on and take no memory until they are written; false: they are
    // as they were. May be null: not offered, and not asked for.
    bool (*purge)(void* context, void* pages, std::size_t bytes);
    // Changes the size of a mapping, where it is (`target` is `pages`) or by moving its pages to
    // `target`, which `map` gave for them, without copying: then the old mapping is gone, and what
    // lies behind the moved pages is zero. False: the mapping is as it was, and `target`, of which
    // nothing may be mapped any more, is to be unmapped.
    bool (*resize)(void* context, void* pages, std::size_t old_bytes, void* target,
                   std::size_t new_bytes);
    // What it holds ready for map and extend. May be null: nothing.
    std::size_t (*idle_bytes)(void* context);
    void* context;
    const Shape* shape;     // of the arenas made of its pages
    std::uintptr_t origin;  // arenas lie at multiples of their size from here
    // The memory system calls that its functions have made. May be null: they make none.
    const CallCount* system_calls;
};

// The system's private anonymous mappings. Their functions count the calls in the CallCount that
// `context` points at, so that a heap of the program's own counts by itself.
extern const PageSource kSystemPages;
// The same by three calls: mmap() where the kernel likes, munmap(), madvise(MADV_DONTNEED). What it
// maps neither grows nor moves in place. Once emma_limit_calls() has said so, it stands wherever
// kSystemPages would.
extern const PageSource kFewCallsPages;
extern constinit Atomic<bool> g_few_calls;  // any thread; relaxed: the tables are constants
inline const PageSource& system_pages() {
    return !kBare && g_few_calls.load(memory_order_relaxed) ? kFewCallsPages : kSystemPages;
}
// Whether emma_seal() has been called; null in a program that does not call it.
[[gnu::weak]] bool is_sealed();
// In reserve.cpp: from now on the default instance takes pages of reserves first.
void use_reserves();
// PORT=bare: kSystemPages, without `purge` if the program has no function for it.
const PageSource& bare_pages();
// The default instance's: what the context of kSystemPages points at.
extern constinit CallCount g_system_calls;
[[gnu::always_inline]] inline void count_call(void* counter) {
    static_cast<CallCount*>(counter)->fetch_add(1, memory_order_relaxed);
}
// Its arenas lie at multiples of an arena from here. PORT=bare: anywhere, but not at 0, as this
// tells arenas from other pages.
inline constexpr std::uintptr_t kSystemOrigin =
    kBare ? std::uintptr_t{1} << kArenaShift : std::uintptr_t{17} << 40;

// Where it maps next what has an address range of its own (page_source.cpp); 0: from a secret
// address on. A program that must find the same addresses in each run, as tests do, sets them
// before it allocates. any thread
enum : unsigned { kArenaZone, kHugeZone, kMetadataZone, kZoneCount };
extern constinit Atomic<std::uintptr_t> g_zone_cursors[kZoneCount];

inline constexpr unsigned kPageShift = 12;  // x86-64 has no other base page
inline constexpr std::size_t kPageBytes = std::size_t{1} << kPageShift;

}  // namespace emma

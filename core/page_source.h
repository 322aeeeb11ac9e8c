// SPDX-License-Identifier: MIT OR Apache-2.0
// The only way down: where an instance gets its pages from. The default source is the system's
// memory calls; tests and heaps of one's own bring others. A source keeps no record of what it
// gave.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/atomic.h"

namespace emma {

enum class Extension : std::uint8_t {
    kDone,
    kRefused,  // no memory or address space left; may succeed later
    kTaken,    // something is mapped there
};

// All sizes are bytes in whole pages. Every function may be called by any thread at any time, a
// signal handler included.
struct PageSource {
    // Zeroed pages at a multiple of `alignment` (a power of two, at least a page), or null.
    void* (*map)(void* context, std::size_t bytes, std::size_t alignment);
    // Zeroed pages at exactly `addr`, directly behind pages of `map` or `extend`.
    Extension (*extend)(void* context, std::uintptr_t addr, std::size_t bytes);
    // Gives pages back; false: they stay mapped, and the caller still owns them.
    bool (*unmap)(void* context, void* pages, std::size_t bytes);
    // The pages read as zero from now on and take no memory until they are written; false: they are
    // as they were. May be null: not offered.
    bool (*purge)(void* context, void* pages, std::size_t bytes);
    // Changes the size of a mapping where it is; false: it cannot. May be null: not offered.
    bool (*resize)(void* context, void* pages, std::size_t old_bytes, std::size_t new_bytes);
    // Moves the pages of a mapping to the start of `target`, another mapping of the source's,
    // without copying; the old mapping is gone, what lies behind the moved pages is zero. False:
    // nothing has changed. May be null: not offered.
    bool (*move)(void* context, void* pages, std::size_t bytes, void* target,
                 std::size_t target_bytes);
    void* context;
};

// The system's private anonymous mappings.
extern const PageSource kSystemPages;

inline constexpr std::size_t kPageBytes = 4096;  // x86-64 has no other base page

}  // namespace emma

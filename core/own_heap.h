// SPDX-License-Identifier: MIT OR Apache-2.0
// A heap of the program's own: an instance with a source and a limit, made and ended at run time.
// It lies in pages of its own source, so that nothing is left of it. Any thread may use it; making
// and ending one is the business of one thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/arch.h"
#include "core/atomic.h"
#include "core/include/emma.h"
#include "core/instance.h"
#include "core/region.h"

// The name of the C interface.
struct emma_heap {
    // ---- each process's own where processes share the heap, for here are addresses of functions
    std::uint64_t magic;
    emma::PageSource below;      // the system, a region, or the program's functions
    emma::PageSource front;      // the same, up to the limit; first what it left spare
    emma_page_source functions;  // those of the program, where `below` calls them
    emma::Shape shape;           // of a shared heap's arenas, which point at it

    // ---- of all processes
    alignas(emma::arch::kCacheLineBytes) std::size_t limit_bytes;
    emma::Region* region;                  // which is the caller's; null: there is none
    bool is_shared;                        // its other parts lie as shared_heap.cpp says
    emma::Atomic<std::size_t> held_bytes;  // any thread, relaxed
    emma::CallCount calls;                 // of the system or of the program's functions
    emma::Atomic<bool> may_have_spare;     // any thread, relaxed: `below` has refused to take back
    emma::Instance instance;
};

namespace emma {

// Which heaps there are, for a debugger, for a panic to know the object of another heap, and for
// CHECKS builds to know a heap before they read it. any thread
inline constexpr std::size_t kListedHeaps = 1024;
struct HeapList {
    Atomic<emma_heap*> heaps[kListedHeaps];  // each in one of a few places that its address says
    Atomic<bool> some_are_unlisted;          // as those places were taken
    Atomic<std::uint32_t> lookers;           // panics that look into heaps now
};
extern constinit HeapList g_heap_list;

// A heap as `options` say, or null with `error` set; `*options.least_bytes` as its comment says.
emma_heap* make_heap(const emma_heap_options& options, int& error);
// Gives all of it back, whatever is live in it.
void end_heap(emma_heap* heap);

// The process's own part of a heap whose place is made; `functions`: where they are its source.
void open_heap(emma_heap& heap, const emma_page_source* functions);
// In shared_heap.cpp. A region for processes to share, with room for a heap of which the process
// has its own part. Null with `error` set.
emma_heap* make_shared_place(void* region, std::size_t bytes, int& error);
// The heap is whole: other processes may attach to it.
void publish_shared(emma_heap& heap, std::size_t region_bytes);

// Whether the heap has been opened in this process, and not been ended.
bool is_open(const emma_heap* heap);
// The instance of a heap that is one; panics for any other pointer, in CHECKS builds without
// reading there.
Instance& instance_of(emma_heap* heap);

}  // namespace emma

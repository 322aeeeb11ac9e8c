// SPDX-License-Identifier: MIT OR Apache-2.0
// A heap of the program's own: an instance with a source and a limit, made and ended at run time.
// It lies in pages of its own source, so that nothing is left of it. Any thread may use it; making
// and ending one is the business of one thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/atomic.h"
#include "core/include/emma.h"
#include "core/instance.h"
#include "core/region.h"

// The name of the C interface.
struct emma_heap {
    std::uint64_t magic;
    emma::PageSource below;      // the system, a region, or the program's functions
    emma::PageSource front;      // the same, up to the limit; first what it left spare
    emma_page_source functions;  // those of the program, where `below` calls them
    std::size_t limit_bytes;
    emma::Atomic<std::size_t> held_bytes;  // any thread, relaxed
    emma::CallCount calls;                 // of the system or of the program's functions
    emma::Atomic<bool> may_have_spare;     // any thread, relaxed: `below` has refused to take back
    bool is_fixed;                         // in a region, which is the caller's
    emma::Instance instance;
};

namespace emma {

// How many heaps have a place in the list by which a panic and a debugger know them.
inline constexpr std::size_t kListedHeaps = 1024;

// A heap as `options` say, or null with `error` set; `*options.least_bytes` as its comment says.
emma_heap* make_heap(const emma_heap_options& options, int& error);
// Gives all of it back, whatever is live in it.
void end_heap(emma_heap* heap);

// The instance of a heap that is one; panics for any other pointer, in CHECKS builds without
// reading there.
Instance& instance_of(emma_heap* heap);

}  // namespace emma

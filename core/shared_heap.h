// SPDX-License-Identifier: MIT OR Apache-2.0
// Heaps in memory that several processes share.
#pragma once

#include <cstddef>

#include "core/own_heap.h"

namespace emma {

// Processes have numbers below this.
inline constexpr unsigned kMostProcesses = 1u << (64 - kProcessShift);

// The heap in the region for this process, whose number is `process` from now on. Null with `error`
// set.
emma_heap* attach_heap(void* memory, std::size_t bytes, unsigned process, int& error);
// The process of that number is no more: takes back what it was at work in. How many bytes of the
// region nothing leads to any more, exact while no other thread is at work in the heap.
std::size_t recover_heap(emma_heap* heap, unsigned process);

}  // namespace emma

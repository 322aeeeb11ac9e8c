// SPDX-License-Identifier: MIT OR Apache-2.0
// Objects too large for a slab: runs (whole slices of an arena, to a whole arena) and huge objects
// (a mapping of their own). Neither belongs to a heap: any thread allocates, resizes and frees
// them, and of several frees of one object exactly one wins.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/arena_pool.h"

namespace emma {

// A fresh object; `zeroed` says that every byte of it is zero.
struct LargeObject {
    void* start = nullptr;
    bool zeroed = false;
};

// `bytes` up to kMaxRequestBytes, `alignment` any power of two. Falls back from a run to a huge
// object where no arena can be had. `start` null: no memory.
LargeObject allocate_large(ArenaPool& arenas, std::size_t bytes, std::size_t alignment);

// ---- runs: `run` is the descriptor of a run's first slice
// False where it is no live run any more (another thread was first).
bool free_run(ArenaPool& arenas, Slab* run);
// Shortens or lengthens in place to hold `bytes`, as long as that would be allocated as a run;
// false: it cannot, nothing has changed.
bool resize_run(ArenaPool& arenas, Slab* run, std::size_t bytes);

// ---- huge objects, by their start address
// False where it is no live huge object any more.
bool free_huge(ArenaPool& arenas, std::uintptr_t addr);
// Moves the pages where they cannot stay; null: nothing has changed. Only to a size that would be
// allocated as a huge object, of an alignment that any of them has.
void* resize_huge(ArenaPool& arenas, std::uintptr_t addr, std::size_t alignment, std::size_t bytes);

}  // namespace emma

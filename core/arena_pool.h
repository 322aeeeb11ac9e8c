// SPDX-License-Identifier: MIT OR Apache-2.0
// All arenas of an instance, oldest first, with the table that proves pointers and the account of
// what was mapped. Slices come from the oldest arena that has them, so that young ones can empty.
// Any thread may call anything here. Arenas are never unmapped.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/arena.h"
#include "core/arena_table.h"
#include "core/atomic.h"
#include "core/page_source.h"

namespace emma {

class ArenaPool {
  public:
    constexpr ArenaPool() = default;
    explicit ArenaPool(const PageSource& source) : source_(&source) {}

    // `count` adjacent slices (1..63), the first at a multiple of `alignment_slices`; grows an
    // arena or adds one where needed. Not ok(): no memory.
    SliceRange claim(unsigned count, unsigned alignment_slices);
    // Exactly these slices, mapped for it where they are not; false: they cannot be had.
    bool claim_exactly(Arena* arena, unsigned first, unsigned count);
    void release(Arena* arena, unsigned first, unsigned count);

    // The arena around `addr`, or null where Emma has none there. Reads nothing at `addr`.
    Arena* arena_around(std::uintptr_t addr) const;

    // Pages of their own, counted.
    void* map(std::size_t bytes, std::size_t alignment);
    bool unmap(void* pages, std::size_t bytes);
    bool resize_in_place(void* pages, std::size_t old_bytes, std::size_t new_bytes);
    bool move(void* pages, std::size_t bytes, void* target, std::size_t target_bytes);

    // That an allocation had to make do: from now on slots may be larger than their objects ask
    // for.
    void note_shortage() { had_shortage_.store(true, memory_order_relaxed); }
    bool had_shortage() const { return had_shortage_.load(memory_order_relaxed); }

    ArenaTable& table() { return table_; }
    const ArenaTable& table() const { return table_; }
    const PageSource& source() const { return source_ != nullptr ? *source_ : kSystemPages; }
    Arena* oldest() const { return oldest_.load(memory_order_acquire); }

    std::size_t mapped_bytes() const {
        return mapped_bytes_.load(memory_order_relaxed) + table_.mapped_bytes();
    }
    std::size_t mapped_peak_bytes() const;
    std::size_t source_calls() const { return source_calls_.load(memory_order_relaxed); }

  private:
    SliceRange claim_from(Arena* first, unsigned count, unsigned alignment_slices);
    bool grow(Arena* arena, unsigned count);
    Arena* add_arena(unsigned least_slices);
    void append(Arena* arena);
    void skip_full(Arena* arena);
    void count_mapped(std::size_t bytes);
    void count_unmapped(std::size_t bytes) { mapped_bytes_.fetch_sub(bytes, memory_order_relaxed); }
    void count_call() { source_calls_.fetch_add(1, memory_order_relaxed); }

    const PageSource* source_ = nullptr;  // const; null is the system's, so that all-zero is valid
    ArenaTable table_{};
    Atomic<Arena*> oldest_;           // any thread; const once set
    Atomic<Arena*> first_with_room_;  // any thread; a hint where to start looking
    // Any thread, relaxed: they publish nothing.
    Atomic<bool> had_shortage_;
    Atomic<std::size_t> mapped_bytes_;
    Atomic<std::size_t> mapped_peak_bytes_;
    Atomic<std::size_t> source_calls_;
};

}  // namespace emma

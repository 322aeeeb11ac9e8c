// SPDX-License-Identifier: MIT OR Apache-2.0
// A fixed piece of memory as a source of pages: its pages are taken and given back by
// compare-and-swap on a bitmap at its end. No system call is ever made. Any thread may call
// anything here, a signal handler included; nobody waits.
//
//   | page | page | ... | page | bitmap, a bit a page | room for the owner | Region |
//   origin
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/atomic.h"
#include "core/layout.h"
#include "core/page_source.h"
#include "core/slot_bitmap.h"

namespace emma {

class Region {
  public:
    // What is known of memory that has never been handed out.
    enum class Fresh : bool { kUnknown, kZeroed };

    // Lays itself into `memory` (of any alignment, not null), with `owner_bytes` of zeroed room
    // beside it, and the shape that suits the size. Null: too small to hold a page.
    static Region* make(void* memory, std::size_t bytes, std::size_t owner_bytes, Fresh fresh);
    // Where that puts the owner's room; null as there. Reads nothing.
    static void* room_in(void* memory, std::size_t bytes, std::size_t owner_bytes) {
        return reinterpret_cast<void*>(Layout(memory, bytes, owner_bytes).room);
    }
    // What make() needs beside `page_count` pages that start at a page.
    static constexpr std::size_t head_bytes(std::size_t page_count, std::size_t owner_bytes);

    // The region whose owner's room this is.
    static Region* of_owner(void* room, std::size_t owner_bytes) {
        return reinterpret_cast<Region*>(
            align_up(reinterpret_cast<std::uintptr_t>(room) + owner_bytes, 64));
    }

    PageSource source();
    void* take(std::size_t bytes, std::size_t alignment, std::uintptr_t base);
    bool take_exactly(std::uintptr_t addr, std::size_t bytes);
    void give(std::uintptr_t addr, std::size_t bytes);
    bool resize(std::uintptr_t addr, std::size_t old_bytes, std::size_t new_bytes);

    void* owner_room() const { return owner_room_; }
    std::uintptr_t origin() const { return origin_; }
    bool contains(std::uintptr_t addr) const { return addr - origin_ < page_count_ * kPageBytes; }
    std::size_t free_bytes() const;
    std::size_t taken_bytes() const { return page_count_ * kPageBytes - free_bytes(); }

    Region* next;  // of whoever owns several

  private:
    using Word = Atomic<std::uint64_t>;
    struct Span {  // pages [first, end)
        std::size_t first;
        std::size_t end;
    };

    // Where the parts lie; `room` 0: there is no room.
    struct Layout {
        Layout(void* memory, std::size_t bytes, std::size_t owner_bytes);
        std::uintptr_t end;
        bool is_compact;
        std::uintptr_t origin;
        std::uintptr_t words;
        std::uintptr_t room = 0;
    };

    static constexpr std::size_t bitmap_bytes(std::size_t page_count) {
        return (page_count + 63) / 64 * sizeof(Word);
    }
    static std::uint64_t bits_in_word(Span span, std::size_t word);
    std::size_t first_taken(Span span) const;
    std::size_t first_free(std::size_t page) const;
    std::uintptr_t addr_of(std::size_t page) const { return origin_ + page * kPageBytes; }
    Span lowest(std::size_t count, std::size_t alignment, std::uintptr_t base) const;
    Span highest(std::size_t count, std::size_t alignment, std::uintptr_t base) const;
    bool claim(Span span);
    void release(Span span);
    void zero(Span span);

    // const
    std::uintptr_t origin_;
    std::size_t page_count_;
    Word* words_;
    void* owner_room_;
    bool is_compact_;  // and not its shape: another process may have that elsewhere
    // The pages from here on have never been given back: they are zero when they are taken. Where
    // the memory was not zero at first that is the end. any thread
    Atomic<std::size_t> given_back_below_;
};

constexpr std::size_t Region::head_bytes(std::size_t page_count, std::size_t owner_bytes) {
    return bitmap_bytes(page_count) + align_up(owner_bytes, 64) + sizeof(Region) + 64;
}

}  // namespace emma

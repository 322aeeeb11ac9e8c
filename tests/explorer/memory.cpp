// SPDX-License-Identifier: MIT OR Apache-2.0
// The region's pages: which are mapped, which were written, and how they looked after set_up().
#include "tests/explorer/memory.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/layout.h"

namespace emma::explore {
namespace {

std::size_t page_of(std::uintptr_t address) { return (address - Memory::kStart) / kPageBytes; }
unsigned char* page_start(std::size_t page) {
    return reinterpret_cast<unsigned char*>(Memory::kStart + page * kPageBytes);
}

}  // namespace

Memory memory;

Memory::Memory() : mapped_(kPages), dirty_(kPages), saved_(kPages), mapped_before_(kPages) {
    void* const wanted = reinterpret_cast<void*>(kStart);
    if (mmap(wanted, kBytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != wanted) {
        std::perror("explorer: the region's address is taken");
        std::exit(2);
    }
    forget_all();
}

void Memory::forget_all() {
    for (const std::uint32_t page : dirty_pages_) {
        std::memset(page_start(page), 0, kPageBytes);
        dirty_[page] = 0;
    }
    for (const SavedPage& saved : saved_pages_) {
        std::memset(page_start(saved.page), 0, kPageBytes);
        saved_[saved.page] = 0;
    }
    for (Global& global : globals_) std::memcpy(global.start, global.before.data(), global.bytes);
    globals_.clear();
    left_out_.clear();
    dirty_pages_.clear();
    saved_pages_.clear();
    changed_mappings_.clear();
    std::fill(mapped_.begin(), mapped_.end(), std::uint8_t{0});
    std::memset(mapped_.data(), 1, kObjectBytes / kPageBytes);
    state_ = {kStart + kObjectBytes, 0, ~0u, ~0u, false};
}

void Memory::remember() {
    for (const std::uint32_t page : dirty_pages_) {
        saved_pages_.push_back({page, {page_start(page), page_start(page) + kPageBytes}});
        saved_[page] = 1;
        dirty_[page] = 0;
    }
    dirty_pages_.clear();
    for (Global& global : globals_)
        global.remembered.assign(global.start, global.start + global.bytes);
    mapped_before_ = mapped_;
    changed_mappings_.clear();
    remembered_ = state_;
}

void Memory::go_back() {
    for (const std::uint32_t page : dirty_pages_)
        if (!saved_[page]) std::memset(page_start(page), 0, kPageBytes);
    for (const SavedPage& saved : saved_pages_)
        if (dirty_[saved.page]) std::memcpy(page_start(saved.page), saved.bytes.data(), kPageBytes);
    for (const std::uint32_t page : dirty_pages_) dirty_[page] = 0;
    dirty_pages_.clear();
    for (const std::uint32_t page : changed_mappings_) mapped_[page] = mapped_before_[page];
    changed_mappings_.clear();
    for (Global& global : globals_)
        std::memcpy(global.start, global.remembered.data(), global.bytes);
    state_ = remembered_;
}

void Memory::mark_dirty(std::size_t page) {
    if (dirty_[page]) return;
    dirty_[page] = 1;
    dirty_pages_.push_back(static_cast<std::uint32_t>(page));
}

bool Memory::note_access(std::uintptr_t address, std::size_t bytes, bool is_write) {
    if (!contains(address)) return true;
    const std::size_t last = page_of(address + bytes - 1);
    for (std::size_t page = page_of(address); page <= last; ++page) {
        if (mapped_[page] != kMapped) return false;
        if (is_write) mark_dirty(page);
    }
    return true;
}

void Memory::include_global(void* start, std::size_t bytes) {
    auto* const first = static_cast<unsigned char*>(start);
    globals_.push_back({first, bytes, {first, first + bytes}, {}});
}

bool Memory::is_global(std::uintptr_t address) const {
    for (const Global& global : globals_)
        if (address - reinterpret_cast<std::uintptr_t>(global.start) < global.bytes) return true;
    return false;
}

bool Memory::is_left_out(std::uintptr_t address) const {
    for (const Range& range : left_out_)
        if (address - range.start < range.bytes) return true;
    return false;
}

// ---- behind the page source --------------------------------------------------------------------

// Addresses are never used a second time, so that a late access is seen to be one.
std::uintptr_t Memory::map(std::size_t bytes, std::size_t alignment) {
    const std::uintptr_t start = place(bytes, alignment);
    return start != 0 && drop_place(start, bytes) && map_at(start, bytes) ? start : 0;
}

std::uintptr_t Memory::place(std::size_t bytes, std::size_t alignment) {
    const std::uintptr_t start = align_up(state_.next, alignment);
    if (start + bytes > kStart + kBytes) return 0;
    const std::size_t window = alignment < kSliceBytes ? kSliceBytes : alignment;
    state_.next = align_up(start + bytes, window);
    set_pages(start, bytes, kPlace);
    return start;
}

bool Memory::drop_place(std::uintptr_t address, std::size_t bytes) {
    if (mapped_[page_of(address)] != kPlace) return false;
    set_pages(address, bytes, 0);
    return true;
}

void Memory::set_pages(std::uintptr_t address, std::size_t bytes, std::uint8_t state) {
    for (std::size_t page = page_of(address); page < page_of(address + bytes); ++page) {
        mapped_[page] = state;
        changed_mappings_.push_back(static_cast<std::uint32_t>(page));
    }
}

void Memory::copy(std::uintptr_t from, std::uintptr_t to, std::size_t bytes) {
    for (std::size_t offset = 0; offset < bytes; offset += kPageBytes) {
        const std::size_t page = page_of(from + offset);
        if (!dirty_[page] && !saved_[page]) continue;
        mark_dirty(page_of(to + offset));
        std::memcpy(page_start(page_of(to + offset)), page_start(page), kPageBytes);
    }
}

bool Memory::map_at(std::uintptr_t address, std::size_t bytes) {
    const std::size_t first = page_of(address), count = bytes / kPageBytes;
    for (std::size_t page = first; page < first + count; ++page)
        if (page >= kPages || mapped_[page]) return false;
    set_pages(address, bytes, kMapped);
    state_.bytes_mapped += bytes;
    return true;
}

bool Memory::is_mapped(std::uintptr_t address, std::size_t bytes) const {
    for (std::size_t page = page_of(address); page < page_of(address + bytes); ++page)
        if (page >= kPages || mapped_[page] != kMapped) return false;
    return true;
}

void Memory::zero(std::uintptr_t address, std::size_t bytes) {
    for (std::size_t page = page_of(address); page < page_of(address + bytes); ++page) {
        if (!dirty_[page] && !saved_[page]) continue;
        mark_dirty(page);
        std::memset(page_start(page), 0, kPageBytes);
    }
}

void Memory::unmap(std::uintptr_t address, std::size_t bytes) {
    zero(address, bytes);
    set_pages(address, bytes, 0);
    state_.bytes_mapped -= bytes;
}

// ~0: without end.
bool Memory::take_one(unsigned& left) {
    if (left == ~0u) return true;
    if (left == 0) return false;
    --left;
    return true;
}
bool Memory::may_map() { return take_one(state_.successes_left); }
bool Memory::may_unmap() { return take_one(state_.unmaps_left); }

void Memory::limit(unsigned successes, bool refused_means_taken) {
    state_.successes_left = successes;
    state_.refused_means_taken = refused_means_taken;
}

}  // namespace emma::explore

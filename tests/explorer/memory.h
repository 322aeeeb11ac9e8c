// SPDX-License-Identifier: MIT OR Apache-2.0
// The memory that the threads of a scenario share: one region at a fixed address, so that addresses
// (and what is hashed from them) are the same in every run. It remembers its state after set_up()
// and is put back to it before each run; only pages that were written cost anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/page_source.h"

namespace emma::explore {

class Memory {
  public:
    static constexpr std::uintptr_t kStart = std::uintptr_t{16} << 40;
    static constexpr std::size_t kBytes = std::size_t{128} << 20;
    static constexpr std::size_t kObjectBytes = std::size_t{4} << 20;  // for the scenario itself
    static constexpr std::size_t kPages = kBytes / kPageBytes;

    Memory();
    void* scenario_place() const { return reinterpret_cast<void*>(kStart); }
    void forget_all();  // for another scenario
    void remember();    // what there is now is the state to go back to
    void go_back();

    static bool contains(std::uintptr_t address) { return address - kStart < kBytes; }
    bool is_tracked(std::uintptr_t address) const {
        return (contains(address) || is_global(address)) && !is_left_out(address);
    }
    // False: not all of it is mapped.
    bool note_access(std::uintptr_t address, std::size_t bytes, bool is_write);

    void include_global(void* start, std::size_t bytes);
    void leave_out(std::uintptr_t start, std::size_t bytes) { left_out_.push_back({start, bytes}); }

    // ---- behind the page source
    std::uintptr_t map(std::size_t bytes, std::size_t alignment);
    bool map_at(std::uintptr_t address, std::size_t bytes);  // false: something is there
    bool is_mapped(std::uintptr_t address, std::size_t bytes) const;
    // An address range that nothing is mapped in; drop_place() false: it is none.
    std::uintptr_t place(std::size_t bytes, std::size_t alignment);
    bool drop_place(std::uintptr_t address, std::size_t bytes);
    void copy(std::uintptr_t from, std::uintptr_t to, std::size_t bytes);
    void unmap(std::uintptr_t address, std::size_t bytes);
    void zero(std::uintptr_t address, std::size_t bytes);
    bool may_map();  // by the limits
    bool may_unmap();
    void limit(unsigned successes, bool refused_means_taken);
    void limit_unmaps(unsigned successes) { state_.unmaps_left = successes; }
    bool refused_means_taken() const { return state_.refused_means_taken; }
    std::size_t bytes_mapped() const { return state_.bytes_mapped; }

  private:
    struct State {
        std::uintptr_t next;
        std::size_t bytes_mapped;
        unsigned successes_left, unmaps_left;
        bool refused_means_taken;
    };
    struct Global {
        unsigned char* start;
        std::size_t bytes;
        std::vector<unsigned char> before;      // the program's start
        std::vector<unsigned char> remembered;  // after set_up()
    };
    struct SavedPage {
        std::size_t page;
        std::vector<unsigned char> bytes;
    };
    struct Range {
        std::uintptr_t start;
        std::size_t bytes;
    };
    void set_pages(std::uintptr_t address, std::size_t bytes, std::uint8_t state);
    bool is_global(std::uintptr_t address) const;
    bool is_left_out(std::uintptr_t address) const;
    static bool take_one(unsigned& left);
    void mark_dirty(std::size_t page);

    static constexpr std::uint8_t kMapped = 1, kPlace = 2;  // in mapped_; 0: neither
    std::vector<std::uint8_t> mapped_, dirty_, saved_, mapped_before_;
    std::vector<std::uint32_t> dirty_pages_, changed_mappings_;
    std::vector<SavedPage> saved_pages_;
    std::vector<Global> globals_;
    std::vector<Range> left_out_;
    State state_{}, remembered_{};
};

extern Memory memory;

}  // namespace emma::explore

// SPDX-License-Identifier: MIT OR Apache-2.0
// The memory model: what each thread may read. Every location keeps all stores of the run, oldest
// first; a thread's view says for each location the oldest store it may still read. A release store
// carries its thread's view, an acquire load that finds it takes that over; read-modify-writes read
// the newest store and pass on what it carried. A sequentially consistent load finds the last
// sequentially consistent store of its location or a later one. A barrier (membarrier) makes a
// thread's view and that of all who passed one before the same.
//
// Left out: a store always comes after those already made, so an order of two threads' stores that
// no interleaving gives is not tried; a compare-and-swap that fails has read the newest store.
//
// The same clocks find races of plain accesses, with each other and with atomic ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/explorer/operation.h"

namespace emma::explore {

// A point in the run that is known to somebody: stores and the threads' operations.
struct View {
    Clock clock;
    std::vector<std::uint16_t> seen;  // by location; beyond its end 0
    std::uint16_t of(std::size_t location) const {
        return location < seen.size() ? seen[location] : std::uint16_t{0};
    }
    void raise(std::size_t location, std::size_t store);
    void join(const View& other);
};

struct Store {
    std::uint64_t value;
    int message;  // index of the view it carries, or -1
    int event;    // who made it; -1: was there before the threads
};

struct Location {
    std::uintptr_t address;
    unsigned bytes;
    std::vector<Store> stores;
    std::uint16_t last_sequential;  // store
    int last_read[kMaxThreads];     // events since the newest store; -1: none
    int last_write;                 // event
    std::uint16_t newest() const { return static_cast<std::uint16_t>(stores.size() - 1); }
};

class Model {
  public:
    void reset();
    void forget_allowed_races() { allowed_.clear(); }
    void allow_races(std::uintptr_t start, std::size_t bytes) {
        allowed_.push_back({start, bytes});
    }

    // Of the operation's word; made with what memory holds when it is first asked for.
    Location& location(const Operation& operation);
    std::size_t index_of(const Location& location) const {
        return static_cast<std::size_t>(&location - locations_.data());
    }
    // The oldest store that a thread's load may find.
    std::uint16_t readable_from(unsigned thread, const Operation& operation);
    // Carries out an operation that reads `store` (of a load) or the newest; fills found, left,
    // wrote and store_read of the event, whose place in the run is `event_index`.
    void execute(Event& event, int event_index, std::uint16_t store);
    void fence_acquire(unsigned thread);

    void plain_access(unsigned thread, std::uintptr_t address, std::size_t bytes, bool is_write);
    // The pages get a new owner (unmapped, purged): like a write to all of it, and what was known
    // of locations there is forgotten.
    void discard(unsigned thread, std::uintptr_t address, std::size_t bytes);

  private:
    static constexpr unsigned kBuckets = 1u << 12;
    struct Touch {  // of one byte
        Clock read, write, atomic_read, atomic_write;
    };
    struct Cell {  // eight bytes
        std::uintptr_t granule;
        Touch touched[8];
        bool is_split;  // not all bytes were touched alike; else the first stands for all
        bool has_location;

        void split();
        unsigned touch_count() const { return is_split ? 8 : 1; }
    };
    struct Bucket {
        std::uintptr_t key;
        std::uint32_t run, index;
    };
    struct Range {
        std::uintptr_t start;
        std::size_t bytes;
    };
    struct ThreadState {
        View view;
        std::vector<int> unacquired;  // messages of relaxed loads, for an acquire fence
    };
    Bucket& bucket(Bucket* table, std::uintptr_t key);
    Cell& cell_of(std::uintptr_t address);
    struct Access {
        unsigned thread;
        std::uintptr_t address;
        bool is_write, is_atomic;
    };
    void touch(const Access& access, std::size_t bytes);
    void touch_one(const Access& access, Touch& touched);
    void store_plainly(unsigned thread, std::uintptr_t address, std::size_t bytes);
    void acquire(unsigned thread, int message, int order);
    int new_message(const View& view);
    void append(Event& event, int event_index, Location& location, std::uint64_t value);
    void barrier(Event& event);
    bool is_known(unsigned thread, const Clock& clock) const;
    void find_race(std::uintptr_t address, const char* what) const;

    std::uint32_t run_ = 0;
    Bucket location_table_[kBuckets] = {};
    Bucket cell_table_[kBuckets] = {};
    std::vector<Location> locations_;
    std::size_t location_count_ = 0;
    std::vector<Cell> cells_;
    std::size_t cell_count_ = 0;
    std::vector<View> messages_;
    std::size_t message_count_ = 0;
    ThreadState threads_[kMaxThreads];
    View barrier_view_;
    std::vector<Range> allowed_;
};

extern Model model;

}  // namespace emma::explore

// SPDX-License-Identifier: MIT OR Apache-2.0
// An atomic operation as the explorer sees it: announced by a thread, then carried out when the
// scheduler gives that thread its turn; and the record of one that was carried out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/explorer/explorer.h"

namespace emma::explore {

enum class Kind : std::uint8_t {
    kLoad,
    kStore,
    kExchange,
    kAdd,
    kSubtract,
    kAnd,
    kOr,
    kXor,
    kCompareExchange,
    kBarrier
};

struct Operation {
    Kind kind = Kind::kLoad;
    int order = __ATOMIC_SEQ_CST;
    int failure_order = __ATOMIC_RELAXED;  // kCompareExchange
    std::uintptr_t address = 0;
    unsigned bytes = 8;
    std::uint64_t operand = 0;
    std::uint64_t expected = 0;  // kCompareExchange
    unsigned target = 0;         // kBarrier: the thread that passes it
    const void* code = nullptr;  // where in the program

    bool is_load() const { return kind == Kind::kLoad; }
    bool is_sequential() const { return order == __ATOMIC_SEQ_CST; }
};

// Counts of operations, one per thread: what an operation comes after.
struct Clock {
    std::uint16_t of[kMaxThreads] = {};
    void join(const Clock& other) {
        for (unsigned t = 0; t < kMaxThreads; ++t)
            if (of[t] < other.of[t]) of[t] = other.of[t];
    }
};

struct Event {
    Operation operation;
    unsigned thread = 0;
    std::uint16_t number = 0;         // among the thread's operations, from 1
    std::uint16_t readable_from = 0;  // the oldest store that it could read
    std::uint16_t store_read = 0;
    std::uint16_t newest = 0;  // store, before this operation
    bool wrote = false;
    bool by_handler = false;
    std::uint64_t found = 0;
    std::uint64_t left = 0;
    Clock after;  // events that must come before this one in every equivalent order, and itself

    bool comes_after(const Event& other) const { return after.of[other.thread] >= other.number; }
};

}  // namespace emma::explore

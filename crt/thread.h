// SPDX-License-Identifier: MIT OR Apache-2.0
// The record of a thread, which lies at its thread pointer, and the state of its handle. crt/
// internal; programs see an opaque emma_thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/arch.h"
#include "crt/atomic.h"
#include "crt/handler_stack.h"

namespace emma::crt {

// Who gives a thread's mapping back: exactly one party, decided by this word.
//
//                   detach                  thread ends
//     kRunning ---------------> kDetached ----------------> (the thread unmaps itself)
//        |  \      join                     thread ends
//        |   `----------------> kClaimed  ----------------> (the claimer unmaps)
//        | thread ends                         ^
//        v          join, detach               |
//      kEnded ---------------------------------'
//
// A claimer waits for the kernel's clear-on-exit word before it unmaps. kInitial has no transition:
// the initial thread's stack is the kernel's, its record part of the program.
class HandleState {
  public:
    // Before the thread runs.
    void start_running(bool detached) { word_.store(detached ? kDetached : kRunning, kRelaxed); }

    // The caller is to wait for the end and to unmap. False: not joinable.
    // No ordering is needed here: the futex word, cleared by the kernel, carries it.
    bool claim() {
        std::uint32_t seen = kRunning;
        if (word_.compare_exchange(seen, kClaimed, kRelaxed, kRelaxed)) return true;
        return seen == kEnded && word_.compare_exchange(seen, kClaimed, kRelaxed, kRelaxed);
    }

    enum class DetachOutcome { kRefused, kThreadUnmaps, kCallerUnmaps };

    // Acquire and release: what the detaching thread did to the record, before the thread unmaps.
    DetachOutcome detach() {
        std::uint32_t seen = kRunning;
        if (word_.compare_exchange(seen, kDetached, kRelease, kRelaxed)) {
            return DetachOutcome::kThreadUnmaps;
        }
        // Losing twice means that another claimer won.
        return claim() ? DetachOutcome::kCallerUnmaps : DetachOutcome::kRefused;
    }

    // Called by the ending thread; true: it is to unmap its own stack.
    bool end() {
        std::uint32_t seen = kRunning;
        // Acquire pairs with the release in detach.
        word_.compare_exchange(seen, kEnded, kAcquire, kAcquire);
        return seen == kDetached;
    }

  private:
    static constexpr std::uint32_t kInitial = 0;
    static constexpr std::uint32_t kRunning = 1;
    static constexpr std::uint32_t kClaimed = 2;
    static constexpr std::uint32_t kDetached = 3;
    static constexpr std::uint32_t kEnded = 4;

    Atomic<std::uint32_t> word_;  // any thread
};

// Destructors of thread_local objects that a thread can register before it maps a page for more.
inline constexpr std::size_t kInlineDestructorCount = 8;

struct Thread {
    arch::ThreadControlBlock control;  // first: this is what %fs points at
    HandleState handle;                // any thread
    std::uint32_t tid;                 // set and cleared by the kernel; zero: has ended
    void* mapping;                     // const after publish, as the next three
    std::size_t mapping_bytes;
    void* (*function)(void*);
    void* argument;
    void* result;                                      // owner; the joiner's once tid is zero
    HandlerStack<kInlineDestructorCount> destructors;  // owner
};
static_assert(offsetof(Thread, control) == 0);

inline Thread* current_thread() { return reinterpret_cast<Thread*>(arch::thread_pointer()); }

// Whether another thread may be running; in the child of a raw fork also if the parent had one.
bool has_other_threads();

// Start-up: lays out the initial thread's TLS and record and sets the thread pointer.
[[gnu::cold]] void start_initial_thread(std::uintptr_t canary);

}  // namespace emma::crt

// SPDX-License-Identifier: MIT OR Apache-2.0
// Who holds a heap, in one word. Pure arithmetic. A holder that will never come back leaves its
// heap to others, so the word says what is known about it without asking the system on every
// operation:
//
//   nobody      0
//   a thread    | 0 | generation (16 bits) | process id (22) | thread id (22) | 10 |
//   an operation that has borrowed it: | process number (8) | its name (56) | 01
//
// The name of an operation is the address of an OperationName on its stack, which lives as long as
// it holds the heap. No two objects that live at the same time overlap, whatever threads, signal
// handlers, alternate stacks and coroutines they belong to. So if one finds a heap held in a name
// that overlaps its own, the operation of that name was left by a jump, or its stack is no more: it
// will never go on.
//
// Processes that share a heap's memory have numbers that the program gives them (shared_heap.h).
// Two of them may have the same addresses on their stacks, so a name says something within one
// process only, and the number says whose heaps may be taken back once that process is no more.
//
// The generation tells a process from those that it was forked from (see heap_pool.h). The first
// thread of a program does not say who it is, which would cost it system calls: all its fields are
// 0. An id is 0 if a sandbox refuses to tell it. Ids are below 2^22 (proc(5), pid_max).
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/atomic.h"

namespace emma {

// The number of this process, in the place that it has in the word. any thread, relaxed
extern constinit Atomic<std::uint64_t> g_process_bits;
inline constexpr unsigned kProcessShift = 56;
inline unsigned process_number() {
    return static_cast<unsigned>(g_process_bits.load(memory_order_relaxed) >> kProcessShift);
}

class Holder {
  public:
    static constexpr unsigned kIdBits = 22;

    static constexpr Holder nobody() { return Holder(0); }
    static constexpr Holder unnamed_thread() { return Holder(kThread); }
    static constexpr Holder thread(std::uint16_t generation, std::uint32_t process,
                                   std::uint32_t thread) {
        return Holder(((std::uint64_t{generation} << kIdBits | process) << kIdBits | thread) << 2 |
                      kThread);
    }
    // Without the number of its process, then with it.
    static Holder unnumbered_operation(const void* name) {
        return Holder(reinterpret_cast<std::uintptr_t>(name) + kOperation);
    }
    static Holder operation(const void* name) {
        return Holder(g_process_bits.load(memory_order_relaxed) + kOperation +
                      reinterpret_cast<std::uintptr_t>(name));
    }
    static constexpr Holder from_bits(std::uint64_t bits) { return Holder(bits); }

    constexpr std::uint64_t bits() const { return bits_; }
    constexpr bool operator==(const Holder&) const = default;

    constexpr bool is_thread() const { return (bits_ & kThread) != 0; }
    constexpr bool is_operation() const { return (bits_ & kOperation) != 0; }
    constexpr std::uint16_t generation() const {
        return static_cast<std::uint16_t>(bits_ >> (2 * kIdBits + 2));
    }
    constexpr std::uint32_t process() const { return id_at(kIdBits + 2); }
    constexpr std::uint32_t thread() const { return id_at(2); }
    // Whether it is an operation of the process of that number.
    constexpr bool is_of_process(unsigned number) const {
        return is_operation() && bits_ >> kProcessShift == number;
    }
    // Of two operations of one process, whatever its number was then: whether this one, at work
    // now, has a name that overlaps the other's.
    constexpr bool overlaps(Holder other) const;

  private:
    static constexpr std::uint64_t kOperation = 1;
    static constexpr std::uint64_t kThread = 2;

    constexpr explicit Holder(std::uint64_t bits) : bits_(bits) {}
    constexpr std::uint32_t id_at(unsigned shift) const {
        return static_cast<std::uint32_t>(bits_ >> shift) & ((1u << kIdBits) - 1);
    }

    std::uint64_t bits_;
};

// An operation's name: so large that those of the allocating and the freeing functions, called from
// one place, overlap. Never read or written.
class OperationName {
  public:
    static constexpr std::size_t kBytes = 192;
    Holder holder() const { return Holder::operation(this); }
    // For comparisons of names alone: shorter.
    Holder unnumbered() const { return Holder::unnumbered_operation(this); }

    std::uint64_t place[kBytes / 8];
};

constexpr bool Holder::overlaps(Holder other) const {
    return is_operation() && other.is_operation() &&
           ((bits_ - other.bits_ + OperationName::kBytes - 1) << (64 - kProcessShift)) <
               std::uint64_t{2 * OperationName::kBytes - 1} << (64 - kProcessShift);
}
static_assert(Holder::from_bits(4097).overlaps(Holder::from_bits(4097 - 184)) &&
              Holder::from_bits(4097).overlaps(Holder::from_bits(4097 + 184)));
static_assert(!Holder::from_bits(4097).overlaps(Holder::from_bits(4097 - 192)) &&
              !Holder::from_bits(4097).overlaps(Holder::from_bits(4097 + 192)));

static_assert(Holder::thread(65535, 7, 4194303).generation() == 65535);
static_assert(Holder::thread(3, 4194303, 5).process() == 4194303 &&
              Holder::thread(3, 4194303, 5).thread() == 5);

}  // namespace emma

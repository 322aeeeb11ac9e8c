// SPDX-License-Identifier: MIT OR Apache-2.0
// Who holds a heap, in one word. Pure arithmetic. A holder that will never come back leaves its
// heap to others, so the word says what is known about it without asking the system on every
// operation:
//
//   nobody      0
//   a thread    | 0 | generation (16 bits) | process id (22) | thread id (22) | 10 |
//   an operation of a thread that has a heap: that heap's address | 01; of any other: g_no_heap's
//
// The generation tells a process from those that it was forked from (see heap_pool.h). The first
// thread of a program does not say who it is, which would cost it system calls: all its fields are
// 0. An id is 0 if a sandbox refuses to tell it. Ids are below 2^22 (proc(5), pid_max).
#pragma once

#include <cstdint>

namespace emma {

struct Heap;

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
    static Holder operation(const Heap* own_heap) {
        return Holder(reinterpret_cast<std::uintptr_t>(own_heap) | kOperation);
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
    const Heap* own_heap() const { return reinterpret_cast<const Heap*>(bits_ - kOperation); }

  private:
    static constexpr std::uint64_t kOperation = 1;
    static constexpr std::uint64_t kThread = 2;

    constexpr explicit Holder(std::uint64_t bits) : bits_(bits) {}
    constexpr std::uint32_t id_at(unsigned shift) const {
        return static_cast<std::uint32_t>(bits_ >> shift) & ((1u << kIdBits) - 1);
    }

    std::uint64_t bits_;
};
static_assert(Holder::thread(65535, 7, 4194303).generation() == 65535);
static_assert(Holder::thread(3, 4194303, 5).process() == 4194303 &&
              Holder::thread(3, 4194303, 5).thread() == 5);

}  // namespace emma

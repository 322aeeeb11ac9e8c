// SPDX-License-Identifier: MIT OR Apache-2.0
// The objects that a run knows to be live, with contents that can be verified, and the workload
// that every fault lets loose on the allocator. An object that the interrupted call is about is not
// among them while the call is under way: nobody can know whether it lives.
#pragma once

#include "tests/freestanding/test.h"

#include <emma.h>
#include <cstddef>
#include <cstdint>

namespace stepping {

struct Object {
    unsigned char* bytes;
    std::size_t size;
    std::uint64_t tag;
};

class World {
  public:
    test_random random{1};
    Object subject{};  // what the call is about
    long result = 0;   // of the call
    emma_thread* helper = nullptr;
    emma_heap* heap = nullptr;   // of one's own, that the workload is to use as well
    bool has_left_heap = false;  // the state is that of a heap that is occupied or visited for good
    std::size_t reserved_bytes = 0;  // by emma_reserve: what is idle there when nothing is live
    bool asks_nobody = false;

    // Fills the object and keeps it.
    void keep(void* bytes, std::size_t size);
    // emma_malloc, kept.
    Object& make(std::size_t size);
    void make_many(std::size_t count, std::size_t size);
    // Verifies the object and lets it go: it is the caller's to end.
    Object take(std::size_t index);
    Object take_last() { return take(count_ - 1); }
    void free_one(std::size_t index);
    void free_all();
    void verify() const;
    std::size_t count() const { return count_; }
    const Object& operator[](std::size_t index) const { return objects_[index]; }

    // emma_walk reports every object that is kept, and each once.
    void verify_walk() const;
    // emma_stats counts what is kept, and at most `doubt` objects more.
    void verify_count(std::size_t doubt) const;

  private:
    static constexpr std::size_t kMaxObjects = 1024;
    Object objects_[kMaxObjects];
    std::size_t count_ = 0;
    std::uint64_t next_tag_ = 1;
};

void fill(const Object& object);
bool holds(const Object& object);
// Of an object that is shorter now.
bool begins_well(const Object& object);

// emma_check, with its findings on descriptor 2.
void check_invariants();

// Verifies everything, frees some of what is kept, allocates, resizes and frees in many sizes, and
// as `world.random` will have it trims, walks, checks or reads the statistics.
void exercise(World& world);

}  // namespace stepping

// SPDX-License-Identifier: MIT OR Apache-2.0
// Random traffic for unit tests that must lose and damage nothing, whatever its allocator is
// refused: objects of every kind come, change and go, with their contents verified, and from time
// to time everything free is given back. The same for an instance and for a heap of one's own.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <random>
#include <vector>

#include "core/include/emma.h"
#include "core/instance.h"

namespace emma::test {

inline bool all_are(const unsigned char* p, std::size_t bytes, unsigned char value) {
    return bytes == 0 || (p[0] == value && std::memcmp(p, p + 1, bytes - 1) == 0);
}

struct InstanceTarget {
    Instance& instance;
    void* allocate(std::size_t bytes, Contents contents) {
        return instance.allocate(bytes, 16, contents);
    }
    void* resize(void* p, std::size_t bytes) { return instance.resize(p, 16, bytes); }
    void release(void* p) { instance.release(p); }
    void trim() { (void)instance.trim(); }
};

struct HeapTarget {
    emma_heap* heap;
    void* allocate(std::size_t bytes, Contents contents) {
        return contents == Contents::kZeroed ? emma_heap_alloc_zeroed(heap, bytes, 16)
                                             : emma_heap_alloc(heap, bytes, 16);
    }
    void* resize(void* p, std::size_t bytes) { return emma_heap_resize(heap, p, 16, bytes); }
    void release(void* p) { emma_heap_free(heap, p); }
    void trim() { (void)emma_heap_trim(heap); }
};

struct TrafficPlan {
    unsigned seed;
    int steps;
    int huge_first = 0;  // so many objects with mappings of their own to begin with
    unsigned huge_percent = 3;
    bool huge_stays = false;  // half of the huge objects are resized to another such size
    // From this size on objects are written and read in one place of many, to be quick.
    std::size_t sparse_bytes = std::size_t{1} << 20;
    int trim_every = 0;       // steps; 0: never
    bool leaves_all = false;  // what is live at the end stays
};

template <typename Target>
class Traffic {
  public:
    Traffic(Target target, const TrafficPlan& plan)
        : target_(target), plan_(plan), random_(plan.seed) {}

    // Returns how many operations were refused.
    std::size_t run() {
        for (int i = 0; i < plan_.huge_first; ++i) add(some_huge_size(), Contents::kAny);
        for (int step = 1; step <= plan_.steps; ++step) {
            const unsigned action = random_() % 4;
            if (objects_.empty() || action < 2) {
                add(some_size(), action == 0 ? Contents::kZeroed : Contents::kAny);
            } else {
                change(random_() % objects_.size(), action == 2);
            }
            if (plan_.trim_every != 0 && step % plan_.trim_every == 0) target_.trim();
        }
        for (const Object& object : objects_) {
            REQUIRE(holds(object, object.bytes));
            if (!plan_.leaves_all) target_.release(object.p);
        }
        return refused_;
    }

  private:
    struct Object {
        unsigned char* p;
        std::size_t bytes;
        unsigned char fill;
    };

    static constexpr std::size_t kLeastHugeBytes = kArenaBytes;
    static constexpr std::size_t kSparseStep = (std::size_t{1} << 17) + 1;

    void fill(const Object& object) const {
        if (object.bytes < plan_.sparse_bytes) {
            std::memset(object.p, object.fill, object.bytes);
            return;
        }
        for (std::size_t at = 0; at < object.bytes; at += kSparseStep) object.p[at] = object.fill;
        object.p[object.bytes - 1] = object.fill;
    }
    // What fill() has left in the first `kept` bytes.
    bool holds(const Object& object, std::size_t kept) const {
        if (object.bytes < plan_.sparse_bytes) return all_are(object.p, kept, object.fill);
        for (std::size_t at = 0; at < kept; at += kSparseStep)
            if (object.p[at] != object.fill) return false;
        return kept < object.bytes || object.p[object.bytes - 1] == object.fill;
    }

    std::size_t some_huge_size() { return kLeastHugeBytes + random_() % 1000000; }
    std::size_t some_size() {
        constexpr std::size_t kLimits[] = {64, 600, 5000, 140000, 300000};
        if (random_() % 100 < plan_.huge_percent) return some_huge_size();
        return random_() % kLimits[random_() % 5];
    }
    std::size_t some_size_after(std::size_t bytes) {
        const bool stays = plan_.huge_stays && bytes >= kLeastHugeBytes && random_() % 2 != 0;
        return stays ? some_huge_size() : some_size();
    }

    void add(std::size_t bytes, Contents contents) {
        Object object{nullptr, bytes, static_cast<unsigned char>(random_())};
        object.p = static_cast<unsigned char*>(target_.allocate(object.bytes, contents));
        if (object.p == nullptr) {
            ++refused_;
            return;
        }
        if (contents == Contents::kZeroed)
            REQUIRE(holds({object.p, object.bytes, 0}, object.bytes));
        fill(object);
        objects_.push_back(object);
    }

    void change(std::size_t index, bool ends) {
        Object& object = objects_[index];
        REQUIRE(holds(object, object.bytes));
        if (ends) {
            target_.release(object.p);
            object = objects_.back();
            objects_.pop_back();
        } else {
            resize(object);
        }
    }

    void resize(Object& object) {
        const std::size_t bytes = some_size_after(object.bytes);
        auto* const p = static_cast<unsigned char*>(target_.resize(object.p, bytes));
        if (p == nullptr) {
            ++refused_;
            REQUIRE(holds(object, object.bytes));
            return;
        }
        const std::size_t old_bytes = object.bytes;
        object.p = p;
        // As much as was written before and is still there.
        REQUIRE(holds({p, old_bytes, object.fill}, std::min(bytes, old_bytes)));
        object.bytes = bytes;
        fill(object);
    }

    Target target_;
    TrafficPlan plan_;
    std::mt19937 random_;
    std::vector<Object> objects_;
    std::size_t refused_ = 0;
};

template <typename Target>
std::size_t run_traffic(Target target, const TrafficPlan& plan) {
    return Traffic<Target>(target, plan).run();
}

}  // namespace emma::test

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/shared_heap.h"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <cerrno>

using namespace emma;

namespace {

// Memory that could be shared, with a heap in it; the process has number 0.
struct SharedHeap {
    static constexpr std::size_t kBytes = std::size_t{2} << 20;

    SharedHeap()
        : memory(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
        REQUIRE(memory != MAP_FAILED);
        emma_heap_options options{};
        options.region = memory;
        options.region_bytes = kBytes;
        options.is_shared = true;
        heap = emma_heap_create(&options);
        REQUIRE(heap != nullptr);
    }
    ~SharedHeap() {
        be(0);
        emma_heap_destroy(heap);
        munmap(memory, kBytes);
    }
    void be(unsigned number) { REQUIRE(emma_heap_attach(memory, kBytes, number) == heap); }
    bool is_whole() { return emma_heap_check(heap, nullptr, nullptr) == 0; }
    Instance& instance() { return heap->instance; }
    // A heap that an operation of this process holds, entered and never left.
    ThreadHeap* leave_one() {
        static OperationName names[4];
        ThreadHeap* const left =
            instance().heaps.acquire(names[used++ % 4].holder(), instance().arenas);
        REQUIRE(left != nullptr);
        REQUIRE(left->enter());
        return left;
    }

    void* memory;
    emma_heap* heap;
    unsigned used = 0;
};

}  // namespace

TEST_CASE("what operations of a process hold is taken back by its number, and by no other") {
    SharedHeap shared;
    void* const object = emma_heap_alloc(shared.heap, 100, 16);
    shared.be(5);
    ThreadHeap* const of_five = shared.leave_one();
    shared.be(6);
    ThreadHeap* const of_six = shared.leave_one();
    CHECK(of_five != of_six);
    shared.be(1);
    CHECK(emma_heap_recover(shared.heap, 4) == 0);
    CHECK(!of_five->is_open());
    CHECK(emma_heap_recover(shared.heap, 5) == 0);
    CHECK(of_five->is_open());
    CHECK(of_five->ownership.holder() == Holder::nobody());
    CHECK(!of_six->is_open());
    CHECK(of_six->ownership.holder().is_of_process(6));
    // Its own number is that of a living process.
    shared.be(6);
    CHECK(emma_heap_recover(shared.heap, 6) == 0);
    CHECK(!of_six->is_open());
    shared.be(0);
    CHECK(emma_heap_recover(shared.heap, 6) == 0);
    CHECK(of_six->is_open());
    CHECK(shared.is_whole());
    emma_heap_free(shared.heap, object);
}

TEST_CASE("guards of a killed process keep arenas only until it is recovered") {
    SharedHeap shared;
    void* const object = emma_heap_alloc(shared.heap, 100, 16);
    emma_heap_free(shared.heap, object);
    shared.be(3);
    alignas(ArenaGuard) unsigned char left[sizeof(ArenaGuard)];
    new (left) ArenaGuard(shared.instance().arenas);  // and never ended
    shared.be(0);
    CHECK(emma_heap_trim(shared.heap) == 0);
    CHECK(emma_heap_recover(shared.heap, 3) == 0);
    CHECK(emma_heap_trim(shared.heap) != 0);
    CHECK(shared.is_whole());
}

TEST_CASE("pages and slices that nothing leads to are counted") {
    SharedHeap shared;
    void* const object = emma_heap_alloc(shared.heap, 100, 16);
    CHECK(emma_heap_recover(shared.heap, 1) == 0);
    REQUIRE(shared.heap->region->take(3 * kPageBytes, kPageBytes, 0) != nullptr);
    CHECK(emma_heap_recover(shared.heap, 1) == 3 * kPageBytes);
    const SliceRange range = shared.instance().arenas.claim(2, 1);
    REQUIRE(range.ok());
    CHECK(emma_heap_recover(shared.heap, 1) == 5 * kPageBytes);
    range.arena->release(range.first, range.count);
    CHECK(emma_heap_recover(shared.heap, 1) == 3 * kPageBytes);
    emma_heap_free(shared.heap, object);
}

TEST_CASE("names on stacks take nothing back where processes share the heap") {
    SharedHeap shared;
    OperationName name;
    ThreadHeap* const left =
        shared.instance().heaps.acquire(name.holder(), shared.instance().arenas);
    REQUIRE(left != nullptr);
    void* const object = emma_heap_alloc(shared.heap, 100, 16);
    REQUIRE(object != nullptr);
    left->arenas = &shared.instance().arenas;
    CHECK(!take_back(left, name.holder()));
    HeapPool::release(left);
}

TEST_CASE("a region that another build would have made is refused") {
    SharedHeap shared;
    auto* const stamp = reinterpret_cast<std::uint64_t*>(shared.heap + 1);
    *stamp ^= 1 << 8;
    errno = 0;
    CHECK(emma_heap_attach(shared.memory, SharedHeap::kBytes, 1) == nullptr);
    CHECK(errno == EINVAL);
    *stamp ^= 1 << 8;
}

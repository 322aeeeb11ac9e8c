// SPDX-License-Identifier: MIT OR Apache-2.0
// Every figure of the statistics on an instance whose history is known, and the text of the report.
#include "core/stats.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "arch/linux/threads.h"
#include "tests/unit/test_source.h"

using namespace emma;

namespace {

struct Fixture {
    Fixture() : instance(new Instance(test.source())) {}
    ~Fixture() { delete instance; }
    void* allocate(std::size_t bytes) { return instance->allocate(bytes, 16, Contents::kAny); }
    std::vector<void*> allocate_many(int count, std::size_t bytes) {
        std::vector<void*> objects;
        for (int i = 0; i < count; ++i) objects.push_back(allocate(bytes));
        return objects;
    }
    // A heap of its own, occupied, with `slab_count` slabs of 64-byte slots.
    ThreadHeap* occupied_heap(Holder holder, int slab_count) {
        ThreadHeap* const heap =
            instance->heaps.acquire(test::fresh_name().holder(), instance->arenas);
        heap->ownership.rename(holder);
        REQUIRE(heap->enter());
        for (int i = 0; i < slab_count * 1024; ++i) heap->allocate(size_class_for(64), nullptr);
        return heap;
    }
    // Heap-allocated, so that the sanitizers watch its ends.
    std::unique_ptr<struct emma_stats> stats() {
        auto result = std::make_unique<struct emma_stats>();
        gather_stats(*instance, *result);
        return result;
    }
    test::TestSource test;
    Instance* instance;
};

constexpr unsigned kClass64 = 3;
constexpr unsigned kClass20480 = 36;

Holder this_thread_as_holder() { return Holder::thread(0, arch::process_id(), arch::thread_id()); }

Holder ended_thread_as_holder() {
    Holder holder = Holder::nobody();
    std::thread([&] { holder = this_thread_as_holder(); }).join();
    // The kernel tells of the end a moment before it is one.
    while (!arch::thread_is_gone(holder.process(), holder.thread())) std::this_thread::yield();
    return holder;
}

void append(void* text, const char* piece, std::size_t length) {
    static_cast<std::vector<std::string>*>(text)->emplace_back(piece, length);
}

}  // namespace

TEST_CASE("an instance that was never used holds nothing") {
    Fixture f;
    const auto stats = f.stats();
    CHECK(stats->mapped_bytes == 0);
    CHECK(stats->resident_bytes == 0);
    CHECK(stats->live_objects == 0);
    CHECK(stats->heaps == 1);
    for (unsigned i = 0; i < EMMA_SIZE_CLASSES; ++i) {
        CHECK(stats->classes[i].slot_bytes == slot_bytes_of(i));
        CHECK(stats->classes[i].slabs == 0);
        CHECK(stats->classes[i].live_objects == 0);
    }
}

TEST_CASE("objects and slabs by size class") {
    Fixture f;
    std::vector<void*> small = f.allocate_many(3000, 64);
    const std::vector<void*> medium = f.allocate_many(20, 20000);
    f.allocate(300000);
    void* const huge = f.allocate(5000000);
    for (std::size_t i = 0; i < 10; ++i) f.instance->release(small[i]);
    auto stats = f.stats();
    CHECK(stats->classes[kClass64].slot_bytes == 64);
    CHECK(stats->classes[kClass64].slabs == 3);
    CHECK(stats->classes[kClass64].live_objects == 2990);
    CHECK(stats->classes[kClass20480].slot_bytes == 20480);
    CHECK(stats->classes[kClass20480].live_objects == 20);
    const unsigned slots =
        kDefaultShape.slot_count_for(20480, geometry(SizeClass(kClass20480)).slice_count);
    CHECK(stats->classes[kClass20480].slabs == (20 + slots - 1) / slots);
    CHECK(stats->live_objects == 2990 + 20 + 2);
    const std::size_t huge_bytes = 1221 * kPageBytes;
    CHECK(stats->live_bytes == 2990 * 64 + 20 * 20480 + 5 * kSliceBytes + huge_bytes);
    CHECK(stats->huge_objects == 1);
    CHECK(stats->arenas == 1);
    for (unsigned i = 0; i < EMMA_SIZE_CLASSES; ++i)
        if (i != kClass64 && i != kClass20480) CHECK(stats->classes[i].slabs == 0);
    CHECK(stats->mapped_bytes == f.test.mapped_bytes);
    f.instance->release(huge);
    for (std::size_t i = 10; i < small.size(); ++i) f.instance->release(small[i]);
    stats = f.stats();
    CHECK(stats->mapped_bytes == f.test.mapped_bytes);
    CHECK(stats->mapped_peak_bytes == f.test.mapped_bytes + huge_bytes);
    CHECK(stats->classes[kClass64].live_objects == 0);
    CHECK(stats->classes[kClass64].slabs == 1);  // the current one is kept
    CHECK(stats->live_objects == 21);
    CHECK(stats->huge_objects == 0);
}

TEST_CASE("free slices are resident until they are purged, fresh ones are not") {
    Fixture f;
    // An arena of 4 slices, header and slab among them, then grown for the run.
    f.allocate(64);
    CHECK(f.stats()->resident_bytes == f.test.mapped_bytes - 2 * kSliceBytes);
    void* const run = f.allocate(10 * kSliceBytes);
    const std::size_t clean_slices = f.test.mapped_bytes / kSliceBytes - 12;
    const std::size_t with_run = f.test.mapped_bytes - clean_slices * kSliceBytes;
    CHECK(with_run == 12 * kSliceBytes);
    CHECK(f.stats()->resident_bytes == with_run);
    f.instance->release(run);
    CHECK(f.stats()->resident_bytes == with_run);
    CHECK(f.instance->arenas.trim() == 10 * kSliceBytes);
    CHECK(f.stats()->resident_bytes == 2 * kSliceBytes);
    f.instance->trim();
    CHECK(f.stats()->resident_bytes == 2 * kSliceBytes);  // an object is live in the slab
}

TEST_CASE("remote frees count whether the owner has collected them or not") {
    Fixture f;
    const std::vector<void*> objects = f.allocate_many(100, 64);
    Slab* const slab = slab_line_of(reinterpret_cast<std::uintptr_t>(objects[0]));
    ThreadHeap* const heap = slab->owner.heap();
    for (std::uint32_t i = 0; i < 30; ++i) heap->put_remote(slab, SlotIndex(i));
    CHECK(f.stats()->remote_frees == 30);
    CHECK(f.stats()->live_objects == 70);
    heap->drain_inbox();
    CHECK(f.stats()->remote_frees == 30);
    CHECK(f.stats()->live_objects == 70);
    heap->put_remote(slab, SlotIndex(99));
    CHECK(f.stats()->remote_frees == 31);
    for (std::size_t i = 30; i < 99; ++i) f.instance->release(objects[i]);
    CHECK(f.stats()->remote_frees == 31);
    CHECK(f.stats()->live_objects == 0);
}

TEST_CASE("a heap is stranded when its thread has ended at work in it") {
    Fixture f;
    f.allocate(64);
    REQUIRE(f.instance->heaps.acquire(test::fresh_name().holder(), f.instance->arenas) !=
            nullptr);  // the heap of that object
    ThreadHeap* const of_ended = f.occupied_heap(ended_thread_as_holder(), 3);
    auto stats = f.stats();
    CHECK(stats->heaps == 2);
    CHECK(stats->stranded_heaps == 1);
    CHECK(stats->stranded_bytes == 3 * kSliceBytes);
    CHECK(stats->classes[kClass64].slabs == 4);
    of_ended->leave();  // as if it had ended while idle: the next thread will have it
    stats = f.stats();
    CHECK(stats->stranded_heaps == 0);
    CHECK(stats->stranded_bytes == 0);
}

TEST_CASE("heaps of threads that are there, and of nobody in particular, are not stranded") {
    Fixture f;
    f.occupied_heap(this_thread_as_holder(), 1);
    f.occupied_heap(Holder::unnamed_thread(), 1);
    f.occupied_heap(test::fresh_name().holder(), 1);
    // A process that shares the memory (vfork).
    f.occupied_heap(Holder::thread(0, arch::process_id() + 1, arch::thread_id()), 1);
    CHECK(f.stats()->stranded_heaps == 0);
}

TEST_CASE("a borrowed heap is stranded with the thread whose operation borrowed it") {
    Fixture f;
    ThreadHeap* const own = f.occupied_heap(ended_thread_as_holder(), 1);
    f.occupied_heap(test::fresh_name().holder(), 2)->borrower.store(own, memory_order_relaxed);
    const auto stats = f.stats();
    CHECK(stats->stranded_heaps == 2);
    CHECK(stats->stranded_bytes == 3 * kSliceBytes);
    own->ownership.rename(this_thread_as_holder());
    CHECK(f.stats()->stranded_heaps == 0);
}

TEST_CASE("an idle heap is stranded while a visitor keeps it") {
    Fixture f;
    ThreadHeap* const heap = f.occupied_heap(test::fresh_name().holder(), 1);
    heap->leave();
    HeapPool::release(heap);
    CHECK(f.stats()->stranded_heaps == 0);
    REQUIRE(heap->visited.try_set());
    CHECK(f.stats()->stranded_bytes == kSliceBytes);
}

TEST_CASE("the report has every figure, and the classes in use") {
    Fixture f;
    const std::vector<void*> objects = f.allocate_many(1500, 64);
    f.allocate_many(3, 20000);
    f.allocate(300000);
    f.allocate(5000000);
    Slab* const slab = slab_line_of(reinterpret_cast<std::uintptr_t>(objects[0]));
    slab->owner.heap()->put_remote(slab, SlotIndex(0));
    std::vector<std::string> lines;
    report_stats(*f.instance, {append, &lines});
    const std::vector<std::string> expected{
        "emma: statistics\n",
        "  live objects                          1504\n",
        "  live bytes                         5486272\n",
        "  mapped bytes                       5591040\n",
        "  mapped bytes at most               5591040\n",
        "  resident bytes, or less            5591040\n",
        "  idle bytes                               0\n",
        "  arenas                                   1\n",
        "  heaps                                    1\n",
        "  huge objects                             1\n",
        "  memory system calls                      3\n",
        "  remote frees                             1\n",
        "  adopted heaps                            0\n",
        "  borrowed heaps                        1503\n",
        "  stranded heaps                           0\n",
        "  bytes of stranded heaps                  0\n",
        "  size class     slabs     objects     bytes\n",
        "          64         2        1499     95936\n",
        "       20480         1           3     61440\n",
        "      larger                     2   5328896\n",
    };
    for (std::size_t i = 0; i < expected.size() && i < lines.size(); ++i)
        CHECK(lines[i] == expected[i]);
    CHECK(lines.size() == expected.size());
}

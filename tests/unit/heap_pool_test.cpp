// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/heap_pool.h"

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "arch/linux/threads.h"
#include "core/instance.h"
#include "tests/unit/test_source.h"

using namespace emma;

namespace emma {
struct ForkInspector {
    // What the kernel does to the page in a child.
    static void fork(HeapPool& heaps) {
        heaps.generations_.page_.load(memory_order_relaxed)->store(0, memory_order_relaxed);
    }
};
}  // namespace emma

namespace {
struct Fixture {
    Fixture() : arenas(test.source()), pool(new HeapPool{}) {}
    ~Fixture() { delete pool; }
    ThreadHeap* acquire() { return pool->acquire(test::fresh_name().holder(), arenas); }
    // Acquired by a thread that has ended without a word.
    ThreadHeap* left_by_thread() {
        (void)pool->acquire_for_this_thread(arenas);  // the first thread does not say who it is
        ThreadHeap* heap = nullptr;
        std::thread([&] { heap = pool->acquire_for_this_thread(arenas); }).join();
        const Holder holder = heap->ownership.holder();
        // The kernel tells of the end a moment before it is one.
        while (!arch::thread_is_gone(holder.process(), holder.thread())) std::this_thread::yield();
        return heap;
    }
    test::TestSource test;
    ArenaPool arenas;
    HeapPool* pool;
};
}  // namespace

TEST_CASE("the first heap needs no memory, released heaps are adopted before new ones are made") {
    Fixture f;
    ThreadHeap* const first = f.acquire();
    REQUIRE(first != nullptr);
    CHECK(f.test.maps.made == 0);
    ThreadHeap* const second = f.acquire();
    CHECK(second != first);
    CHECK(second->arenas == &f.arenas);
    CHECK(f.test.maps.made == 1);
    HeapPool::release(first);
    CHECK(f.acquire() == first);
    CHECK(first->busy.is_unoccupied());
    CHECK_FALSE(HeapPool::try_acquire(first, test::fresh_name().holder()));
}

TEST_CASE("many heaps are distinct and share mappings") {
    Fixture f;
    std::set<ThreadHeap*> heaps;
    for (int i = 0; i < 100; ++i) REQUIRE(heaps.insert(f.acquire()).second);
    CHECK(f.test.maps.made <= 20);
    std::size_t seen = 0;
    f.pool->for_each([&](ThreadHeap* heap) { seen += heaps.count(heap); });
    CHECK(seen == 100);
}

TEST_CASE("no memory for a heap: null, and it works again later") {
    Fixture f;
    f.test.maps.refuse_from = 0;
    REQUIRE(f.acquire() != nullptr);
    CHECK(f.acquire() == nullptr);
    f.test.maps.refuse_from = test::TestSource::kNever;
    CHECK(f.acquire() != nullptr);
}

TEST_CASE("threads that acquire and release never hold the same heap") {
    Fixture f;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 20000; ++i) {
                ThreadHeap* const heap = f.acquire();
                REQUIRE(heap->enter());
                heap->bins.word_base[0] = static_cast<std::uintptr_t>(i);
                REQUIRE(heap->bins.word_base[0] == static_cast<std::uintptr_t>(i));
                heap->leave();
                HeapPool::release(heap);
            }
        });
    for (std::thread& thread : threads) thread.join();
    std::size_t heaps = 0;
    f.pool->for_each([&](ThreadHeap*) { ++heaps; });
    CHECK(heaps <= 5);
}

TEST_CASE("among many heaps few are idle while others are made") {
    Fixture f;
    std::vector<ThreadHeap*> held;
    (void)f.pool->acquire_for_this_thread(f.arenas);
    while (held.size() < 400) held.push_back(f.pool->acquire_for_this_thread(f.arenas));
    std::uint64_t random = 88172645463325252;
    for (unsigned round = 0; round < 20000; ++round) {  // threads end and begin
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        ThreadHeap*& heap = held[random % held.size()];
        HeapPool::release(heap);
        heap = f.pool->acquire_for_this_thread(f.arenas);
        REQUIRE(heap != nullptr);
    }
    std::size_t heaps = 0;
    f.pool->for_each([&](ThreadHeap*) { ++heaps; });
    MESSAGE(heaps, " heaps for 401 threads");
    CHECK(heaps <= 480);
    // Operations make one where there is none among the newest, and all of them use it.
    for (unsigned i = 0; i < 300; ++i) REQUIRE(f.pool->acquire_for_this_thread(f.arenas));
    std::set<ThreadHeap*> borrowed;
    for (unsigned i = 0; i < 1000; ++i) {
        ThreadHeap* const heap = f.acquire();
        borrowed.insert(heap);
        HeapPool::release(heap);
    }
    CHECK(borrowed.size() == 1);
}

TEST_CASE("if there is no memory for a heap, the idle one is found among many") {
    Fixture f;
    std::vector<ThreadHeap*> held;
    while (held.size() < 300) held.push_back(f.acquire());
    f.test.maps.refuse_from = 0;
    f.pool->stop_asking();
    while (f.acquire() != nullptr) continue;  // what the last mapping has room for
    for (ThreadHeap* heap : held) {
        HeapPool::release(heap);
        CHECK(f.acquire() == heap);
        CHECK(f.acquire() == nullptr);
        HeapPool::release(heap);
        CHECK(f.pool->acquire_for_this_thread(f.arenas) == heap);
        CHECK(f.pool->acquire_for_this_thread(f.arenas) == nullptr);
    }
}

TEST_CASE("an operation takes the heap of an ended thread rather than a new one") {
    Fixture f;
    ThreadHeap* const left = f.left_by_thread();
    CHECK(f.acquire() == left);
    CHECK(left->ownership.holder().is_operation());
    CHECK(f.acquire() != left);
}

TEST_CASE("the heap of an ended thread is left alone while it is occupied or visited") {
    Fixture f;
    ThreadHeap* const left = f.left_by_thread();
    REQUIRE(left->visited.try_set());
    CHECK(f.acquire() != left);
    CHECK(f.pool->acquire_for_this_thread(f.arenas) != left);
    left->visited.clear();
    REQUIRE(left->enter());
    CHECK(f.acquire() != left);
    CHECK(f.pool->acquire_for_this_thread(f.arenas) != left);
    left->leave();
    CHECK(f.pool->acquire_for_this_thread(f.arenas) == left);
}

TEST_CASE("busy: the second entry is refused until the first has left") {
    ThreadHeap heap{};
    CHECK_FALSE(heap.busy.is_unoccupied());
    CHECK_FALSE(heap.enter());  // zero bytes are occupied for ever
    CHECK_FALSE(heap.enter());
    heap.busy.exit();
    CHECK(heap.busy.is_unoccupied());
    CHECK(heap.enter());
    CHECK_FALSE(heap.enter());
    CHECK_FALSE(heap.busy.is_unoccupied());
    heap.leave();
    CHECK(heap.busy.is_unoccupied());
}

TEST_CASE("a visitor keeps entries out and leaves the heap as it found it") {
    ThreadHeap heap{};
    heap.busy.exit();
    REQUIRE(heap.visited.try_set());
    CHECK_FALSE(heap.enter());
    CHECK(heap.busy.is_unoccupied());  // the refused entry has put the mark back
    heap.visited.clear();
    CHECK(heap.enter());
    REQUIRE(heap.visited.try_set());
    CHECK_FALSE(heap.enter());
    CHECK_FALSE(heap.busy.is_unoccupied());
}

TEST_CASE("a visitor that a fork has left behind loses the heap to its holder") {
    Fixture f;
    ThreadHeap* const heap = f.acquire();
    REQUIRE(heap->visited.try_set(f.pool->visitors_mark(f.arenas.pages())));
    CHECK_FALSE(heap->enter());
    CHECK_FALSE(enter_left_heap(*f.pool, heap));
    ForkInspector::fork(*f.pool);
    CHECK_FALSE(heap->enter());
    // Not while an operation that this one interrupted is at work in it.
    (void)heap->busy.occupy();
    CHECK_FALSE(enter_left_heap(*f.pool, heap));
    heap->busy.exit();
    REQUIRE(enter_left_heap(*f.pool, heap));
    CHECK_FALSE(heap->visited.is_set());
    heap->leave();
    CHECK(heap->enter());
}

TEST_CASE("every 31st borrowing takes back heaps that operations left, some at a time, in turn") {
    Fixture f;
    OperationName name;  // of the operations that were left, and of the one that borrows
    std::vector<ThreadHeap*> left;
    for (int i = 0; i < 40; ++i) {
        left.push_back(f.acquire());
        left.back()->ownership.rename(name.holder());
        REQUIRE(left.back()->enter());
    }
    const auto still_left = [&] {
        std::size_t count = 0;
        for (ThreadHeap* heap : left) count += heap->ownership.holder() == name.holder();
        return count;
    };
    note_borrow(*f.pool, name.holder(), nullptr, 30);
    CHECK(still_left() == 40);
    note_borrow(*f.pool, name.holder(), nullptr, 31);
    CHECK(still_left() == 8);
    note_borrow(*f.pool, name.holder(), left.front(), 62);
    CHECK(still_left() == 1);
    CHECK(left.front()->ownership.holder() == name.holder());
    for (ThreadHeap* heap : left) CHECK((heap == left.front() || heap->busy.is_unoccupied()));
}

TEST_CASE("a visitor's mark comes again after 254 forks in a line, not sooner") {
    Fixture f;
    (void)f.pool->visitors_mark(f.arenas.pages());  // begins to count forks
    std::vector<std::uint8_t> marks;
    for (int i = 0; i < 255; ++i) {
        ForkInspector::fork(*f.pool);
        marks.push_back(f.pool->visitors_mark(f.arenas.pages()));
    }
    const std::set<std::uint8_t> different(marks.begin(), marks.end());
    CHECK(different.size() == 254);
    CHECK(different.count(0) == 0);
    CHECK(different.count(Visited::kAnyProcess) == 0);
    CHECK(marks.back() == marks.front());
}

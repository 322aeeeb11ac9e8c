// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/include/emma.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <new>
#include <scoped_allocator>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

struct emma_stats stats_now() {
    struct emma_stats now;
    emma_stats(&now);
    return now;
}

// Every object of the default instance that a test makes it must also end.
struct NothingStaysLive {
    NothingStaysLive() : before(stats_now().live_objects) {}
    ~NothingStaysLive() { CHECK(stats_now().live_objects == before); }
    std::size_t before;
};

template <std::size_t kAlignment>
struct alignas(kAlignment) Aligned {
    std::uint64_t value;
};

bool is_aligned(const void* object, std::size_t alignment) {
    return reinterpret_cast<std::uintptr_t>(object) % alignment == 0;
}

template <std::size_t kAlignment>
void vector_of_aligned() {
    CAPTURE(kAlignment);
    using Value = Aligned<kAlignment>;
    std::vector<Value, emma::Allocator<Value>> values;
    for (std::uint64_t i = 0; i < 20; i++) {
        values.push_back({i});
        REQUIRE(emma_owns(values.data()));
        REQUIRE(is_aligned(values.data(), kAlignment));
    }
    for (std::uint64_t i = 0; i < 20; i++) CHECK(values[i].value == i);
}

int g_handler_calls;
void give_up_at_third_call() {
    if (++g_handler_calls == 3) std::set_new_handler(nullptr);
}

using Traits = std::allocator_traits<emma::Allocator<int>>;
static_assert(std::is_same_v<Traits::value_type, int>);
static_assert(std::is_same_v<Traits::pointer, int*>);
static_assert(std::is_same_v<Traits::size_type, std::size_t>);
static_assert(std::is_same_v<Traits::rebind_alloc<char>, emma::Allocator<char>>);
static_assert(Traits::is_always_equal::value);
static_assert(Traits::propagate_on_container_move_assignment::value);
static_assert(std::is_empty_v<emma::Allocator<int>>);
static_assert(std::is_nothrow_copy_constructible_v<emma::Allocator<int>>);
static_assert(std::is_nothrow_constructible_v<emma::Allocator<int>, emma::Allocator<char>>);
static_assert(emma::Allocator<int>() == emma::Allocator<char>());
static_assert(!(emma::Allocator<int>() != emma::Allocator<char>()));

struct Incomplete;
struct HoldsOwnKind {
    std::vector<HoldsOwnKind, emma::Allocator<HoldsOwnKind>> children;
};
static_assert(sizeof(emma::Allocator<Incomplete>) == 1);

}  // namespace

TEST_CASE("containers take their memory from the default instance and give it back") {
    const NothingStaysLive check;
    using Pair = std::pair<const int, int>;
    std::vector<int, emma::Allocator<int>> numbers;
    std::list<int, emma::Allocator<int>> list;
    std::deque<int, emma::Allocator<int>> deque;
    std::map<int, int, std::less<>, emma::Allocator<Pair>> map;
    std::unordered_map<int, int, std::hash<int>, std::equal_to<>, emma::Allocator<Pair>> table;
    for (int i = 0; i < 5000; i++) {
        numbers.push_back(i);
        list.push_front(i);
        deque.push_back(i);
        map[i * 7919 % 5003] = i;
        table[i * 7919 % 5003] = i;
    }
    CHECK(emma_owns(numbers.data()));
    CHECK(stats_now().live_objects > check.before + 15000);
    for (int i = 0; i < 5000; i++) {
        REQUIRE(numbers[static_cast<std::size_t>(i)] == i);
        REQUIRE(deque[static_cast<std::size_t>(i)] == i);
        REQUIRE(map.at(i * 7919 % 5003) == i);
        REQUIRE(table.at(i * 7919 % 5003) == i);
    }
    CHECK(list.front() == 4999);
    for (int i = 0; i < 5000; i += 2) {
        map.erase(i * 7919 % 5003);
        table.erase(i * 7919 % 5003);
    }
    CHECK(map.size() == 2500);
}

TEST_CASE("containers copy, move, swap and nest") {
    const NothingStaysLive check;
    using String = std::basic_string<char, std::char_traits<char>, emma::Allocator<char>>;
    std::vector<String, std::scoped_allocator_adaptor<emma::Allocator<String>>> texts;
    for (int i = 0; i < 200; i++) texts.emplace_back(100, static_cast<char>('a' + i % 26));
    auto copy = texts;
    auto moved = std::move(copy);
    CHECK(moved == texts);
    moved[3] += "more";
    texts.swap(moved);
    CHECK(texts[3].size() == 104);
    CHECK(emma_owns(texts[3].data()));
    HoldsOwnKind tree;
    tree.children.resize(10);
    tree.children[3].children.resize(100);
    CHECK(emma_owns(tree.children[3].children.data()));
}

TEST_CASE("shared pointers are made in one object") {
    const NothingStaysLive check;
    const auto shared = std::allocate_shared<std::uint64_t>(emma::Allocator<std::uint64_t>(), 7u);
    CHECK(*shared == 7);
    CHECK(stats_now().live_objects == check.before + 1);
}

TEST_CASE("types of any alignment") {
    const NothingStaysLive check;
    vector_of_aligned<8>();
    vector_of_aligned<16>();
    vector_of_aligned<32>();
    vector_of_aligned<64>();
    vector_of_aligned<4096>();
    vector_of_aligned<65536>();
    vector_of_aligned<1 << 20>();
}

TEST_CASE("memory of one thread goes back on another") {
    const NothingStaysLive check;
    std::vector<int, emma::Allocator<int>> numbers;
    std::thread([&] {
        numbers.resize(100000, 3);
        emma_thread_detach();
    }).join();
    CHECK(numbers[99999] == 3);
}

TEST_CASE("a count of zero is an object") {
    const NothingStaysLive check;
    emma::Allocator<int> allocator;
    int* const nothing = allocator.allocate(0);
    CHECK(emma_owns(nothing));
    allocator.deallocate(nothing, 0);
}

TEST_CASE("a product that overflows is refused without asking the handler") {
    emma::Allocator<std::uint64_t> allocator;
    g_handler_calls = 0;
    std::set_new_handler(give_up_at_third_call);
    const std::size_t greatest = allocator.max_size();
    CHECK(greatest == std::size_t{PTRDIFF_MAX} / 8);
    CHECK_THROWS_AS((void)allocator.allocate(greatest + 1), std::bad_array_new_length);
    CHECK_THROWS_AS((void)allocator.allocate(SIZE_MAX / 8 + 2), std::bad_array_new_length);
    CHECK_THROWS_AS((void)allocator.allocate(SIZE_MAX), std::bad_array_new_length);
    CHECK(g_handler_calls == 0);
    std::set_new_handler(nullptr);
}

TEST_CASE("exhausted memory is the new-handler's, then std::bad_alloc") {
    const NothingStaysLive check;
    emma::Allocator<char> allocator;
    emma::memory_resource resource;
    const std::size_t too_much = allocator.max_size();
    CHECK_THROWS_AS((void)allocator.allocate(too_much), std::bad_alloc);
    CHECK_THROWS_AS((void)resource.allocate(too_much, 64), std::bad_alloc);
    g_handler_calls = 0;
    std::set_new_handler(give_up_at_third_call);
    CHECK_THROWS_AS((void)allocator.allocate(too_much), std::bad_alloc);
    CHECK(g_handler_calls == 3);
    const bool has_handler = std::get_new_handler() != nullptr;
    CHECK(!has_handler);
}

TEST_CASE("polymorphic containers") {
    const NothingStaysLive check;
    emma::memory_resource resource;
    std::pmr::vector<std::pmr::string> texts(&resource);
    std::pmr::map<int, std::pmr::string> map(&resource);
    std::pmr::list<int> list(&resource);
    for (int i = 0; i < 1000; i++) {
        texts.emplace_back(50, 'x');
        map.emplace(i, std::pmr::string(30, 'y'));
        list.push_back(i);
    }
    CHECK(emma_owns(texts.data()));
    CHECK(emma_owns(texts[500].data()));
    CHECK(emma_owns(map.at(10).data()));
    CHECK(emma_owns(&list.front()) == false);  // inside a node
    std::pmr::monotonic_buffer_resource buffer(&resource);
    std::pmr::vector<int> numbers(10000, 1, &buffer);
    CHECK(numbers[9999] == 1);
}

TEST_CASE("memory resources") {
    const NothingStaysLive check;
    emma::memory_resource one;
    emma::memory_resource other;
    CHECK(one == other);
    CHECK(one != *std::pmr::new_delete_resource());
    for (std::size_t alignment = 1; alignment <= 65536; alignment *= 2) {
        void* const object = one.allocate(100, alignment);
        CHECK(is_aligned(object, alignment));
        std::memset(object, 1, 100);
        other.deallocate(object, 100, alignment);
    }
}

TEST_CASE("a heap of one's own: containers over it, moved, destroyed with what is in it") {
    const NothingStaysLive guard;
    emma::Heap heap;
    REQUIRE(heap);
    {
        using Text = std::basic_string<char, std::char_traits<char>, emma::HeapAllocator<char>>;
        std::vector<Text, emma::HeapAllocator<Text>> texts(heap);
        for (int i = 0; i < 1000; i++) texts.emplace_back(40, 'x', heap);
        CHECK(heap.owns(texts.data()));
        CHECK(heap.owns(texts[500].data()));
        CHECK_FALSE(emma_owns(texts.data()));
        CHECK(texts.get_allocator() == emma::HeapAllocator<int>(heap));
    }
    struct emma_stats stats;
    emma_heap_stats(heap.get(), &stats);
    CHECK(stats.live_objects == 0);

    void* const kept = heap.alloc(100);
    emma::Heap other = std::move(heap);
    CHECK_FALSE(heap);
    CHECK(other.owns(kept));
    CHECK(emma::HeapAllocator<int>(other) != emma::HeapAllocator<int>(emma::Heap()));
    other = emma::Heap();
    CHECK_FALSE(other.owns(kept));
    other.free(other.alloc(10, 256));
    CHECK(other.trim() > 0);
}

TEST_CASE("a heap in memory of the program's, and one that cannot be") {
    alignas(16) static unsigned char memory[300000];
    {
        CHECK(!emma::Heap(nullptr, 0));
        CHECK(!emma::Heap(nullptr, sizeof memory));
        CHECK(!emma::Heap(memory, 0));
        emma::Heap heap(memory, sizeof memory);
        REQUIRE(heap);
        std::list<int, emma::HeapAllocator<int>> numbers(heap);
        for (int i = 0; i < 1000; i++) numbers.push_back(i);
        CHECK(reinterpret_cast<unsigned char*>(&numbers.back()) >= memory);
        CHECK(reinterpret_cast<unsigned char*>(&numbers.back()) < memory + sizeof memory);
        // What the region does not hold is the new-handler's, then std::bad_alloc.
        g_handler_calls = 0;
        std::set_new_handler(give_up_at_third_call);
        CHECK_THROWS_AS((void)emma::HeapAllocator<char>(heap).allocate(300000), std::bad_alloc);
        CHECK(g_handler_calls == 3);
        CHECK_THROWS_AS((void)emma::HeapAllocator<int>(heap).allocate(~std::size_t{0} / 2),
                        std::bad_array_new_length);
    }
    CHECK_FALSE(emma::Heap(memory, 1000));
}

TEST_CASE("a heap as a memory resource") {
    emma::Heap heap, other;
    emma::memory_resource in_heap(heap), also_in_heap(heap), in_other(other), in_default;
    CHECK(in_heap.is_equal(also_in_heap));
    CHECK_FALSE(in_heap.is_equal(in_other));
    CHECK_FALSE(in_heap.is_equal(in_default));
    std::pmr::vector<std::pmr::string> texts(&in_heap);
    for (int i = 0; i < 100; i++) texts.emplace_back("a text that is too long for the object");
    CHECK(heap.owns(texts.data()));
    CHECK(heap.owns(texts[50].data()));
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// What the storms do with the allocator: objects that say what they must contain, places in which
// threads and handlers leave them for each other, and the operations on both. A place changes hands
// by one exchange, so an operation that never ends loses what it has in its hands and no more:
// kMostInHand objects.
#pragma once

#include "tests/freestanding/check_all.h"
#include "tests/freestanding/test.h"

#include <emma.h>
#include <cstddef>
#include <cstdint>

namespace storm {

struct Object {
    std::size_t size;
    std::uint64_t tag;
    emma_heap* heap;     // null: the default instance
    std::uint64_t seal;  // of the fields above
    unsigned char bytes[];
};

// Resizing holds the old object and the new one.
inline constexpr std::size_t kMostInHand = 2;

inline emma_heap* g_heap = nullptr;  // one of the program's own, which all threads share

inline std::uint64_t seal_of(const Object* object) {
    return (object->size * 0x9e3779b97f4a7c15 ^ object->tag) +
           reinterpret_cast<std::uintptr_t>(object->heap);
}

inline std::size_t some_size(test_random* random) {
    const std::uint64_t kind = test_below(random, 10000);
    if (kind < 9000) return test_below(random, 300);
    if (kind < 9900) return test_below(random, 5000);
    return test_below(random, kind < 9996 ? 100000 : 3000000);
}

// ---- one object

inline void fill(Object* object, std::size_t size, emma_heap* heap, test_random* random) {
    object->size = size;
    object->tag = test_next(random);
    object->heap = heap;
    object->seal = seal_of(object);
    test_fill(object->bytes, size, object->tag);
}

inline void verify(const Object* object) {
    CHECK(object->seal == seal_of(object));
    CHECK(test_verify(object->bytes, object->size, object->tag));
}

inline Object* make(test_random* random) {
    const std::size_t size = some_size(random);
    const std::size_t bytes = sizeof(Object) + size;
    emma_heap* heap = nullptr;
    void* memory = nullptr;
    switch (test_below(random, 16)) {
        case 0:
            memory = emma_calloc(1, bytes);
            CHECK(memory != nullptr && test_is_zero(memory, bytes));
            break;
        case 1:
            memory = emma_aligned_alloc(std::size_t{16} << test_below(random, 9), bytes);
            break;
        case 2:
        case 3:
            heap = g_heap;
            memory = emma_heap_alloc(heap, bytes, 16);
            break;
        default:
            memory = emma_malloc(bytes);
            break;
    }
    CHECK(memory != nullptr);
    auto* object = static_cast<Object*>(memory);
    fill(object, size, heap, random);
    return object;
}

inline void end(Object* object) {
    if (object == nullptr) return;
    verify(object);
    if (object->heap != nullptr) {
        emma_heap_free(object->heap, object);
    } else {
        emma_free(object);
    }
}

inline Object* resize(Object* object, test_random* random) {
    verify(object);
    emma_heap* const heap = object->heap;
    const std::uint64_t tag = object->tag;
    const std::size_t old_size = object->size, size = some_size(random);
    const std::size_t bytes = sizeof(Object) + size;
    auto* resized = static_cast<Object*>(heap != nullptr ? emma_heap_resize(heap, object, 16, bytes)
                                                         : emma_realloc(object, bytes));
    CHECK(resized != nullptr);
    CHECK(test_verify_part(resized->bytes, old_size, size < old_size ? size : old_size, tag));
    fill(resized, size, heap, random);
    return resized;
}

// ---- places

template <std::size_t kCount>
class Places {
  public:
    Object* exchange(std::size_t index, Object* object) {
        return __atomic_exchange_n(&objects_[index], object, __ATOMIC_ACQ_REL);
    }
    static std::size_t some(test_random* random) { return test_below(random, kCount); }

    void end_all() {
        for (std::size_t index = 0; index < kCount; index++) end(exchange(index, nullptr));
    }

  private:
    Object* objects_[kCount] = {};
};

inline Places<512> g_shared;

// ---- operations

inline bool count_object(void* context, void*, std::size_t) {
    return ++*static_cast<unsigned*>(context) < 100;
}

// A heap of one's own from its beginning to its end.
inline void use_own_heap(test_random* random) {
    emma_heap* const heap = emma_heap_create(nullptr);
    CHECK(heap != nullptr);
    unsigned char* objects[20];
    for (std::size_t i = 0; i < 20; i++) {
        objects[i] = static_cast<unsigned char*>(emma_heap_alloc(heap, 64 * i, 16));
        CHECK(objects[i] != nullptr);
        test_fill(objects[i], 64 * i, i);
    }
    for (std::size_t i = 0; i < 20; i++) CHECK(test_verify(objects[i], 64 * i, i));
    for (std::size_t i = test_below(random, 20); i < 20; i++) emma_heap_free(heap, objects[i]);
    test_check_heap(heap);
    emma_heap_destroy(heap);
}

inline void verify_invariants() {
    test_check_all();
    test_check_heap(g_heap);
}

// What is slow and rare.
inline void inspect(test_random* random) {
    struct emma_stats stats;
    unsigned count = 0;
    switch (test_below(random, 8)) {
        case 0:
            verify_invariants();
            break;
        case 1:
        case 2:
            emma_trim();
            emma_heap_trim(g_heap);
            break;
        case 3:
            emma_stats(&stats);
            CHECK(stats.heaps != 0);
            break;
        case 4:
            emma_walk(count_object, &count);
            break;
        default:
            use_own_heap(random);
            break;
    }
}

// One operation: on an object of `own`, or one that any thread may have left.
template <std::size_t kCount>
void operate(Places<kCount>& own, test_random* random) {
    const std::size_t at = own.some(random), shared_at = g_shared.some(random);
    Object* object = nullptr;
    switch (test_below(random, 8)) {
        case 0:  // what is there goes to the others, and back comes what they left
            end(own.exchange(at, g_shared.exchange(shared_at, own.exchange(at, nullptr))));
            break;
        case 1:
            object = own.exchange(at, nullptr);
            if (object != nullptr) end(own.exchange(at, resize(object, random)));
            break;
        case 2:
            if (test_below(random, 3) != 0) object = make(random);
            end(g_shared.exchange(shared_at, object));
            break;
        case 3:
            if (test_below(random, 300) == 0) inspect(random);
            break;
        default:
            if (test_below(random, 3) != 0) object = make(random);
            end(own.exchange(at, object));
            break;
    }
}

}  // namespace storm

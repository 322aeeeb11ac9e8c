// SPDX-License-Identifier: MIT OR Apache-2.0
// Wrong pointers to heaps of one's own: each heap knows its own objects and no others.
// TEST-CASES: number, name
// TEST-FLAGS: -fno-builtin
#include "tests/misuse/misuse.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>

namespace {

alignas(4096) unsigned char g_region[1 << 20];

emma_heap* make(void* region) {
    struct emma_heap_options options = {};
    options.region = region;
    options.region_bytes = region == nullptr ? 0 : sizeof g_region;
    emma_heap* const heap = emma_heap_create(&options);
    CHECK(heap != nullptr);
    return heap;
}

unsigned char* get(emma_heap* heap, std::size_t size) {
    void* const object = heap == nullptr ? emma_malloc(size) : emma_heap_alloc(heap, size, 16);
    CHECK(object != nullptr);
    return static_cast<unsigned char*>(object);
}

void* const kSystem = nullptr;

void double_free(std::size_t size) {
    emma_heap* const heap = make(kSystem);
    void* const object = get(heap, size);
    emma_heap_free(heap, object);
    emma_heap_free(heap, about_to_misuse(object));
}
void double_free_in_region(std::size_t size) {
    emma_heap* const heap = make(g_region);
    void* const object = get(heap, size);
    emma_heap_free(heap, object);
    emma_heap_free(heap, about_to_misuse(object));
}
void interior_in_region(std::size_t size) {
    emma_heap* const heap = make(g_region);
    emma_heap_free(heap, about_to_misuse(get(heap, size) + 16));
}
void of_default_to_heap(std::size_t size) {
    emma_heap_free(make(kSystem), about_to_misuse(get(nullptr, size)));
}
void of_default_to_region(std::size_t size) {
    emma_heap_free(make(g_region), about_to_misuse(get(nullptr, size)));
}
void of_heap_to_default(std::size_t size) { emma_free(about_to_misuse(get(make(kSystem), size))); }
void of_region_to_default(std::size_t size) {
    emma_free(about_to_misuse(get(make(g_region), size)));
}
void of_heap_to_heap(std::size_t size) {
    emma_heap* const other = make(kSystem);
    emma_heap_free(other, about_to_misuse(get(make(kSystem), size)));
}
void of_region_to_heap(std::size_t size) {
    emma_heap* const other = make(kSystem);
    emma_heap_free(other, about_to_misuse(get(make(g_region), size)));
}
void resize_of_other_heap(std::size_t size) {
    emma_heap* const other = make(kSystem);
    void* const object = about_to_misuse(get(make(kSystem), size));
    (void)!emma_heap_resize(other, object, 16, 50);
}
void usable_size_of_other_heap(std::size_t size) {
    emma_heap* const other = make(g_region);
    (void)emma_heap_usable_size(other, about_to_misuse(get(make(kSystem), size)));
}
void metadata_of_region(std::size_t offset) {
    emma_heap* const heap = make(g_region);
    get(heap, 100);
    emma_heap_free(heap, about_to_misuse(g_region + offset));
}
void null_as_heap(std::size_t) {
    auto* const heap = static_cast<emma_heap*>(about_to_misuse(nullptr));
    (void)!emma_heap_alloc(heap, 100, 16);
}
void object_as_heap(std::size_t size) {
    void* const object = emma_malloc(size);
    emma_heap_destroy(static_cast<emma_heap*>(about_to_misuse(object)));
}
#if EMMA_CHECKS
void destroyed(std::size_t) {
    emma_heap* const heap = make(kSystem);
    emma_heap_destroy(heap);
    (void)!emma_heap_alloc(static_cast<emma_heap*>(about_to_misuse(heap)), 100, 16);
}
void unreadable_as_heap(std::size_t) {
    void* const heap = about_to_misuse(reinterpret_cast<void*>(0x10000));
    (void)!emma_heap_alloc(static_cast<emma_heap*>(heap), 100, 16);
}
#endif
void resize_of_freed(std::size_t size) {
    emma_heap* const heap = make(kSystem);
    void* const object = get(heap, size);
    emma_heap_free(heap, object);
    (void)!emma_heap_resize(heap, about_to_misuse(object), 16, size + 100);
}
void usable_size_of_freed(std::size_t size) {
    emma_heap* const heap = make(g_region);
    void* const object = get(heap, size);
    emma_heap_free(heap, object);
    (void)emma_heap_usable_size(heap, about_to_misuse(object));
}
void destroyed_region(std::size_t) {
    emma_heap* const heap = make(g_region);
    emma_heap_destroy(heap);
    (void)!emma_heap_alloc(static_cast<emma_heap*>(about_to_misuse(heap)), 100, 16);
}
void destroyed_twice(std::size_t) {
    emma_heap* const heap = make(g_region);
    emma_heap_destroy(heap);
    emma_heap_destroy(static_cast<emma_heap*>(about_to_misuse(heap)));
}

constexpr std::size_t kSmall = 40;
constexpr std::size_t kRun = 200000;
constexpr std::size_t kHuge = 5000000;

constexpr Case kCases[] = {
    {"double free, small", double_free, kSmall, kDouble, false},
    {"double free, run", double_free, kRun, kDouble, false},
    {"double free, huge", double_free, kHuge, kDouble, false},
    {"double free in a region, small", double_free_in_region, kSmall, kDouble, false},
    {"double free in a region, run", double_free_in_region, 20000, kDouble, false},
    {"double free in a region, huge", double_free_in_region, kRun, kDouble, false},
    {"interior in a region, small", interior_in_region, kSmall, kInvalid, false},
    {"interior in a region, run", interior_in_region, 20000, kInvalid, false},
    {"interior in a region, huge", interior_in_region, kRun, kInvalid, false},
    {"the default's to a heap, small", of_default_to_heap, kSmall, kOtherHeap, false},
    {"the default's to a heap, huge", of_default_to_heap, kHuge, kOtherHeap, false},
    {"the default's to a region, small", of_default_to_region, kSmall, kOtherHeap, false},
    {"a heap's to the default, small", of_heap_to_default, kSmall, kOtherHeap, false},
    {"a heap's to the default, run", of_heap_to_default, kRun, kOtherHeap, false},
    {"a heap's to the default, huge", of_heap_to_default, kHuge, kOtherHeap, true},
    {"a region's to the default, small", of_region_to_default, kSmall, kOtherHeap, true},
    {"a region's to the default, huge", of_region_to_default, kRun, kOtherHeap, true},
    {"a heap's to another, small", of_heap_to_heap, kSmall, kOtherHeap, false},
    {"a heap's to another, huge", of_heap_to_heap, kHuge, kOtherHeap, false},
    {"a region's to a heap", of_region_to_heap, kSmall, kOtherHeap, false},
    {"resize of another heap's", resize_of_other_heap, kSmall, kOtherHeap, false},
    {"usable size of another heap's", usable_size_of_other_heap, kSmall, kOtherHeap, false},
    {"an arena's header in a region", metadata_of_region, 0, kInvalid, false},
    {"an arena's bitmaps in a region", metadata_of_region, 4096, kInvalid, false},
    {"null as a heap", null_as_heap, 0, kInvalid, false},
    {"an object as a heap", object_as_heap, 8192, kInvalid, false},
#if EMMA_CHECKS
    {"a destroyed heap", destroyed, 0, kInvalid, false},
    {"no heap, and not to be read", unreadable_as_heap, 0, kInvalid, false},
#endif
    {"resize of freed", resize_of_freed, kSmall, kFreed, false},
    {"usable size of freed", usable_size_of_freed, kSmall, kFreed, false},
    {"a destroyed heap in a region", destroyed_region, 0, kInvalid, false},
    {"a heap destroyed twice", destroyed_twice, 0, kInvalid, false},
};

}  // namespace

int main(int argc, char** argv) { return run_case(kCases, argc, argv); }

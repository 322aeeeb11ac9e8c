// SPDX-License-Identifier: MIT OR Apache-2.0
// The two fast paths, malloc and free on the default instance, and the ways from them into
// instance.cpp. The one file of core/ that is always compiled for speed. Anything may call it, a
// signal handler that interrupted it included.
#include "core/include/emma.h"

#include "core/check.h"
#include "core/error_number.h"
#include "core/instance.h"
#include "core/short_free.h"

namespace emma {
namespace {

// ---- behind the fast paths

[[gnu::cold, gnu::noinline]] void* allocate_slow(std::size_t bytes) {
    return or_enomem(g_instance.allocate(bytes, kMinAlignment, Contents::kAny));
}

// The bin's word is used up; the caller has entered the heap. Arguments that are where the caller
// has them cost no instruction: hence `bytes` and not its class, and the order.
[[gnu::cold, gnu::noinline]] void* allocate_refill(std::size_t bytes, ThreadHeap* heap) {
    g_instance.heaps.settle(heap);
    void* const object = heap->allocate(table_class_for(bytes), nullptr);
    heap->leave();
    if (kBare && object == nullptr) return allocate_slow(bytes);
    return or_enomem(object);
}

[[gnu::cold, gnu::noinline]] void free_slow(void* pointer) {
    if (kForSpeed && release_small(pointer)) return;
    home_of(pointer).release(pointer);
}

// The heap was entered, but the free is not a plain one.
[[gnu::cold, gnu::noinline]] void free_after_entry(void* pointer, ThreadHeap* heap) {
    heap->leave();
    free_slow(pointer);
}

[[gnu::cold, gnu::noinline]] void free_attend(ThreadHeap* heap, Slab* slab) {
    heap->attend(slab);
    heap->leave();
}

}  // namespace
}  // namespace emma

using namespace emma;

// ---- the fast paths ----------------------------------------------------------------------------

EMMA_PUBLIC void* emma_malloc(size_t size) noexcept {
    if (size > kTableMaxBytes) [[unlikely]]
        return allocate_slow(size);
    ThreadHeap* const heap = current_heap();
    // Occupied by what this call interrupted or by a visitor, or the thread has none.
    if (!heap->enter()) [[unlikely]]
        return allocate_slow(size);
    void* const object = heap->take(table_class_for(size));
    if (object == nullptr) [[unlikely]]
        return allocate_refill(size, heap);
    heap->leave();
    return object;
}

EMMA_PUBLIC void emma_free(void* ptr) noexcept {
    // The start of a window: null or a huge object. For any other pointer that is Emma's the arena
    // header can be read.
    const auto addr = reinterpret_cast<std::uintptr_t>(ptr);
    if (kChecks || (addr & kArenaMask) == 0 || !may_have_header(addr)) [[unlikely]]
        return free_slow(ptr);
    Slab* const slab = slab_line_of(addr);
    ThreadHeap* const heap = current_heap();
    if (!slab->owner.is_fast_for(heap)) [[unlikely]]
        return free_slow(ptr);
    if (!heap->enter()) [[unlikely]]
        return free_slow(ptr);
    SlotIndex slot;
    if (!find_small_slot(*slab, addr, slot)) [[unlikely]]
        return free_after_entry(ptr, heap);
    const PutResult result = put_local(slab, slot);
    if (result == PutResult::kWasFree) [[unlikely]]
        return free_after_entry(ptr, heap);
    if (result == PutResult::kAttend) [[unlikely]]
        return free_attend(heap, slab);
    heap->leave();
}

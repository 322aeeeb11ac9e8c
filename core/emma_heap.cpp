// SPDX-License-Identifier: MIT OR Apache-2.0
// The public face of heaps of one's own: making, using and ending them. What looks at them is in
// emma_heap_control.cpp, so that it is linked only where it is used.
#include "core/error_number.h"
#include "core/include/emma.h"
#include "core/own_heap.h"

using namespace emma;

EMMA_PUBLIC emma_heap* emma_heap_create(const struct emma_heap_options* options) noexcept {
    int error = 0;
    emma_heap* const heap = make_heap(options == nullptr ? emma_heap_options{} : *options, error);
    return heap != nullptr ? heap : static_cast<emma_heap*>(fail(error));
}

EMMA_PUBLIC void emma_heap_destroy(emma_heap* heap) noexcept {
    if (heap != nullptr) end_heap(heap);
}

namespace {

// A region or a limit is used to its end: what is refused is asked for again once all that is free
// has gone back to where it may serve in another form.
template <typename Operation>
void* insist(Instance& instance, Operation operation) {
    if (void* const object = operation()) return object;
    (void)instance.trim_quietly();
    return or_enomem(operation());
}

void* allocate(emma_heap* heap, std::size_t size, std::size_t alignment, Contents contents) {
    Instance& instance = instance_of(heap);
    if (!is_power_of_two(alignment)) return fail(kEinval);
    const std::size_t least = alignment < kMinAlignment ? kMinAlignment : alignment;
    return insist(instance, [&] { return instance.allocate(size, least, contents); });
}

}  // namespace

EMMA_PUBLIC void* emma_heap_alloc(emma_heap* heap, size_t size, size_t alignment) noexcept {
    return allocate(heap, size, alignment, Contents::kAny);
}

EMMA_PUBLIC void* emma_heap_alloc_zeroed(emma_heap* heap, size_t size, size_t alignment) noexcept {
    return allocate(heap, size, alignment, Contents::kZeroed);
}

EMMA_PUBLIC void* emma_heap_resize(emma_heap* heap, void* ptr, size_t alignment,
                                   size_t new_size) noexcept {
    if (ptr == nullptr) return emma_heap_alloc(heap, new_size, alignment);
    Instance& instance = instance_of(heap);
    if (!is_power_of_two(alignment)) return fail(kEinval);
    return insist(instance, [&] { return instance.resize(ptr, alignment, new_size); });
}

EMMA_PUBLIC void emma_heap_free(emma_heap* heap, void* ptr) noexcept {
    instance_of(heap).release(ptr);
}

EMMA_PUBLIC size_t emma_heap_usable_size(emma_heap* heap, const void* ptr) noexcept {
    return instance_of(heap).usable_bytes(ptr);
}

EMMA_PUBLIC bool emma_heap_owns(emma_heap* heap, const void* ptr) noexcept {
    return locate_guarded(instance_of(heap).arenas, reinterpret_cast<std::uintptr_t>(ptr)).live;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// The public face on the default instance: the two fast paths, argument checks, errno. Everything
// else is instance.cpp's. Anything may call it, a signal handler that interrupted it included.
#include "core/include/emma.h"

#include "core/check.h"
#include "core/instance.h"

// Where the program has an errno (crt/ or a libc provides it); otherwise the address is null.
extern "C" int* __errno_location() __attribute__((weak));

namespace emma {
namespace {

constexpr int kEnomem = 12;
constexpr int kEinval = 22;

void* fail(int error) {
    if (__errno_location != nullptr) *__errno_location() = error;
    return nullptr;
}

void* or_enomem(void* object) {
    return object != nullptr ? object : fail(kEnomem);
}

// ---- behind the fast paths

[[gnu::noinline]] void* allocate_slow(std::size_t bytes) {
    return or_enomem(g_instance.allocate(bytes, kMinAlignment));
}

// The bin's word is used up; the caller has entered the heap.
[[gnu::noinline]] void* allocate_refill(Heap* heap, SizeClass size_class) {
    void* object = heap == &g_no_heap ? nullptr : heap->allocate(size_class, nullptr);
    heap->busy.exit();
    return or_enomem(object);
}

// The heap is occupied by what this call interrupted, or the thread has none.
[[gnu::noinline]] void* allocate_nested(Heap* heap, std::size_t bytes) {
    heap->busy.exit();
    return allocate_slow(bytes);
}

[[gnu::noinline]] void free_slow(void* pointer) { g_instance.release(pointer); }

// The heap was entered, but the free is not a plain one.
[[gnu::noinline]] void free_after_entry(Heap* heap, void* pointer) {
    heap->busy.exit();
    free_slow(pointer);
}

[[gnu::noinline]] void free_attend(Heap* heap, Slab* slab) {
    heap->attend(slab);
    heap->busy.exit();
}

// The slot of a small slab that starts at `addr`; false where none does. As slot_starting_at(), with
// what is known of small slabs: one slice, offsets in bytes.
inline bool find_small_slot(const Slab* slab, std::uintptr_t addr, SlotIndex& slot) {
    const std::uint64_t product = (addr & kSliceMask) * std::uint64_t{slab->reciprocal};
    slot = SlotIndex(static_cast<std::uint32_t>(product >> 32));
    return static_cast<std::uint32_t>(product) < slab->reciprocal && raw(slot) < slab->slot_count;
}

}  // namespace
}  // namespace emma

using namespace emma;

// ---- the fast paths ----------------------------------------------------------------------------

EMMA_PUBLIC void* emma_malloc(size_t size) noexcept {
    if (size > kTableMaxBytes) [[unlikely]]
        return allocate_slow(size);
    Heap* const heap = current_heap();
    if (!heap->busy.enter()) [[unlikely]]
        return allocate_nested(heap, size);
    const SizeClass size_class = table_class_for(size);
    void* const object = heap->take(size_class);
    if (object == nullptr) [[unlikely]]
        return allocate_refill(heap, size_class);
    heap->busy.exit();
    return object;
}

EMMA_PUBLIC void emma_free(void* ptr) noexcept {
    // The start of a slice: null, a run, a huge object, a slot whose slice is not yet proved to be
    // one. For any other pointer that is Emma's the arena header can be read.
    const auto addr = reinterpret_cast<std::uintptr_t>(ptr);
    if (kChecks || (addr & kSliceMask) == 0) [[unlikely]]
        return free_slow(ptr);
    Slab* const slab = slab_line_of(addr);
    Heap* const heap = current_heap();
    if (!slab->owner.is_fast_for(heap)) [[unlikely]]
        return free_slow(ptr);
    if (!heap->busy.enter()) [[unlikely]]
        return free_after_entry(heap, ptr);
    SlotIndex slot;
    if (!find_small_slot(slab, addr, slot)) [[unlikely]]
        return free_after_entry(heap, ptr);
    if (slab->freed_count.load(memory_order_relaxed) != 0) [[unlikely]]
        return free_after_entry(heap, ptr);
    const PutResult result = put_local(slab, slot);
    if (result == PutResult::kWasFree) [[unlikely]]
        return free_after_entry(heap, ptr);
    if (result == PutResult::kAttend) [[unlikely]]
        return free_attend(heap, slab);
    heap->busy.exit();
}

// ---- the C family ------------------------------------------------------------------------------

EMMA_PUBLIC void* emma_calloc(size_t count, size_t size) noexcept {
    std::size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return fail(kEnomem);
    return or_enomem(g_instance.allocate_zeroed(bytes, kMinAlignment));
}

EMMA_PUBLIC void* emma_realloc(void* ptr, size_t size) noexcept {
    if (ptr == nullptr) return emma_malloc(size);
    return or_enomem(g_instance.resize(ptr, kMinAlignment, size));
}

EMMA_PUBLIC void* emma_reallocarray(void* ptr, size_t count, size_t size) noexcept {
    std::size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return fail(kEnomem);
    return emma_realloc(ptr, bytes);
}

EMMA_PUBLIC void emma_free_sized(void* ptr, size_t size) noexcept {
    if (kChecks) return g_instance.release_sized(ptr, size, kMinAlignment);
    emma_free(ptr);
}

EMMA_PUBLIC void emma_free_aligned_sized(void* ptr, size_t alignment, size_t size) noexcept {
    emma_dealloc(ptr, size, alignment);
}

EMMA_PUBLIC void* emma_aligned_alloc(size_t alignment, size_t size) noexcept {
    if (!is_power_of_two(alignment)) return fail(kEinval);
    return or_enomem(g_instance.allocate(size, alignment));
}

EMMA_PUBLIC int emma_posix_memalign(void** result, size_t alignment, size_t size) noexcept {
    if (!is_power_of_two(alignment) || alignment < sizeof(void*)) return kEinval;
    void* const object = g_instance.allocate(size, alignment);
    if (object == nullptr) return kEnomem;
    *result = object;
    return 0;
}

EMMA_PUBLIC void* emma_memalign(size_t alignment, size_t size) noexcept {
    return emma_aligned_alloc(alignment, size);
}

EMMA_PUBLIC size_t emma_malloc_usable_size(const void* ptr) noexcept {
    return g_instance.usable_bytes(ptr);
}

// ---- size and alignment known ------------------------------------------------------------------

EMMA_PUBLIC void* emma_alloc(size_t size, size_t alignment) noexcept {
    if (alignment <= kMinAlignment && is_power_of_two(alignment)) return emma_malloc(size);
    return emma_aligned_alloc(alignment, size);
}

EMMA_PUBLIC void* emma_alloc_zeroed(size_t size, size_t alignment) noexcept {
    if (!is_power_of_two(alignment)) return fail(kEinval);
    return or_enomem(g_instance.allocate_zeroed(size, alignment));
}

EMMA_PUBLIC void* emma_resize(void* ptr, size_t old_size, size_t alignment,
                              size_t new_size) noexcept {
    if (!is_power_of_two(alignment)) return fail(kEinval);
    if (ptr == nullptr) return emma_alloc(new_size, alignment);
    if (kChecks) g_instance.check_size(ptr, old_size, alignment);
    return or_enomem(g_instance.resize(ptr, alignment, new_size));
}

EMMA_PUBLIC void emma_dealloc(void* ptr, size_t size, size_t alignment) noexcept {
    if (kChecks) return g_instance.release_sized(ptr, size, alignment);
    emma_free(ptr);
}

// ---- control -----------------------------------------------------------------------------------

EMMA_PUBLIC bool emma_owns(const void* ptr) noexcept {
    return locate(g_instance.arenas, reinterpret_cast<std::uintptr_t>(ptr)).live;
}

EMMA_PUBLIC void emma_set_panic_handler(emma_panic_handler handler) noexcept {
    set_panic_handler(handler);
}

EMMA_PUBLIC int emma_thread_attach(void) noexcept { return attach_thread(true) ? 0 : kEnomem; }

EMMA_PUBLIC void emma_thread_detach(void) noexcept { detach_thread(); }

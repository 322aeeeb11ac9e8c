// SPDX-License-Identifier: MIT OR Apache-2.0
// The public face for callers that know size and alignment, and the rarer names of the C family. In
// CHECKS builds what they say is verified, else it is not even looked at.
#include "core/error_number.h"
#include "core/include/emma.h"
#include "core/instance.h"
#include "core/own_slot.h"

std::size_t emma::Instance::usable_bytes(const void* pointer) const {
    return pointer == nullptr ? 0 : prove(arenas, pointer, Misuse::kUseAfterFree).bytes;
}

using namespace emma;

EMMA_PUBLIC void* emma_alloc(size_t size, size_t alignment) noexcept {
    if (alignment <= kMinAlignment && is_power_of_two(alignment)) return emma_malloc(size);
    return emma_aligned_alloc(alignment, size);
}

EMMA_PUBLIC void* emma_alloc_zeroed(size_t size, size_t alignment) noexcept {
    if (!is_power_of_two(alignment)) return fail(kEinval);
    return or_enomem(g_instance.allocate(size, alignment, Contents::kZeroed));
}

EMMA_PUBLIC void* emma_resize(void* ptr, size_t old_size, size_t alignment,
                              size_t new_size) noexcept {
    if (!is_power_of_two(alignment)) return fail(kEinval);
    if (ptr == nullptr) return emma_alloc(new_size, alignment);
    home_of(ptr).check_size(ptr, old_size, alignment, Misuse::kUseAfterFree);
    return or_enomem(home_of(ptr).resize(ptr, alignment, new_size));
}

EMMA_PUBLIC void emma_dealloc(void* ptr, size_t size, size_t alignment) noexcept {
    if (kChecks && ptr != nullptr)
        home_of(ptr).check_size(ptr, size, alignment, Misuse::kDoubleFree);
    emma_free(ptr);
}

EMMA_PUBLIC void emma_free_sized(void* ptr, size_t size) noexcept { emma_dealloc(ptr, size, 1); }

EMMA_PUBLIC void emma_free_aligned_sized(void* ptr, size_t alignment, size_t size) noexcept {
    emma_dealloc(ptr, size, alignment);
}

EMMA_PUBLIC void* emma_reallocarray(void* ptr, size_t count, size_t size) noexcept {
    std::size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return fail(kEnomem);
    return emma_realloc(ptr, bytes);
}

EMMA_PUBLIC void* emma_memalign(size_t alignment, size_t size) noexcept {
    return emma_aligned_alloc(alignment, size);
}

EMMA_PUBLIC size_t emma_malloc_usable_size(const void* ptr) noexcept {
    if (kForSpeed)
        if (const std::size_t bytes = own_small_bytes(ptr)) return bytes;
    return home_of(ptr).usable_bytes(ptr);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// The public face on the default instance: the C family but for malloc and free, with its checks of
// arguments and errno. In one file, as a program that uses one mostly uses others.
#include "core/error_number.h"
#include "core/include/emma.h"
#include "core/instance.h"
#include "core/own_slot.h"

namespace emma {
namespace {

// Between two small slots, the old one the thread's own.
void* move_small(void* pointer, std::size_t held, std::size_t size) {
    void* const fresh = emma_malloc(size);
    if (fresh == nullptr) return size <= held ? pointer : nullptr;  // what shrinks may stay
    copy_units(fresh, pointer, size < held ? size : held);
    emma_free(pointer);
    return fresh;
}

}  // namespace
}  // namespace emma

using namespace emma;

EMMA_PUBLIC void* emma_calloc(size_t count, size_t size) noexcept {
    std::size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return fail(kEnomem);
    if (kForSpeed && bytes <= kTableMaxBytes) {
        void* const object = emma_malloc(bytes);
        if (object != nullptr) zero_units(object, bytes);
        return object;
    }
    return or_enomem(g_instance.allocate(bytes, kMinAlignment, Contents::kZeroed));
}

EMMA_PUBLIC void* emma_realloc(void* ptr, size_t size) noexcept {
    if (ptr == nullptr) return emma_malloc(size);
    if (kForSpeed) {
        const std::size_t held = own_small_bytes(ptr);
        if (Instance::stays_in_slot(held, size)) return ptr;
        if (held != 0 && size <= kTableMaxBytes) return move_small(ptr, held, size);
    }
    return or_enomem(home_of(ptr).resize(ptr, kMinAlignment, size));
}

EMMA_PUBLIC void* emma_aligned_alloc(size_t alignment, size_t size) noexcept {
    if (!is_power_of_two(alignment)) return fail(kEinval);
    return or_enomem(g_instance.allocate(size, alignment, Contents::kAny));
}

EMMA_PUBLIC int emma_posix_memalign(void** result, size_t alignment, size_t size) noexcept {
    if (!is_power_of_two(alignment) || alignment < sizeof(void*)) return kEinval;
    void* const object = g_instance.allocate(size, alignment, Contents::kAny);
    if (object == nullptr) return kEnomem;
    *result = object;
    return 0;
}

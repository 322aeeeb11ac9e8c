// SPDX-License-Identifier: MIT OR Apache-2.0
// std::bad_alloc of the program's C++ library, if it has one: by the names of the Itanium C++ ABI
// (2.4.2, 2.4.3), which libstdc++ and libc++ have. In the archive it is empty; see new_caught.cpp.
#include "core/api/new.h"
#include "core/config.h"

#if !defined(__cpp_exceptions) || EMMA_BARE == 1
EMMA_UNLESS_CAUGHT void emma::throw_bad_alloc() {}
#else

extern "C" {
[[gnu::weak, gnu::visibility("default")]] void* __cxa_allocate_exception(std::size_t size) noexcept;
[[gnu::weak, gnu::visibility("default")]] void __cxa_throw(void* exception, void* type,
                                                           void (*destroy)(void*));
[[gnu::weak, gnu::visibility("default")]] extern void* emma_bad_alloc_type asm("_ZTISt9bad_alloc");
[[gnu::weak,
  gnu::visibility("default")]] extern void* emma_bad_alloc_table[] asm("_ZTVSt9bad_alloc");
[[gnu::weak, gnu::visibility("default")]] void emma_bad_alloc_destroy(void* exception) asm(
    "_ZNSt9bad_allocD1Ev");
}

void emma::throw_bad_alloc() {
    const BadAlloc bad_alloc{&__cxa_allocate_exception, &__cxa_throw, &emma_bad_alloc_destroy,
                             emma_bad_alloc_table, &emma_bad_alloc_type};
    bad_alloc.raise();
}
#endif

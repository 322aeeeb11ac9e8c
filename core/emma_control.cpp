// SPDX-License-Identifier: MIT OR Apache-2.0
// The public face for control: ownership of pointers, panic handler, version.
#include "core/check.h"
#include "core/include/emma.h"
#include "core/instance.h"

using namespace emma;

EMMA_PUBLIC bool emma_owns(const void* ptr) noexcept {
    return locate_guarded(home_of(ptr).arenas, reinterpret_cast<std::uintptr_t>(ptr)).live;
}

EMMA_PUBLIC void emma_set_panic_handler(emma_panic_handler handler) noexcept {
    set_panic_handler(handler);
}

EMMA_PUBLIC const char* emma_version(void) noexcept { return EMMA_VERSION_TEXT; }

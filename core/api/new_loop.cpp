// SPDX-License-Identifier: MIT OR Apache-2.0
// What operator new does without memory.
#include "core/api/new.h"
#include "core/check.h"

// An exception, the handler's or ours, leaves through frames that have nothing to clean up.
void* emma::allocate_with_handler(std::size_t size, std::size_t alignment, bool may_fail) {
    for (;;) {
        if (void* const object = emma_alloc(size, alignment)) return object;
        const std::new_handler handler = current_new_handler();
        if (handler != nullptr) {
            if (!may_fail) {
                handler();
            } else if (!returns(handler)) {
                return nullptr;
            }
        } else if (may_fail) {
            return nullptr;
        } else {
            throw_bad_alloc();
            panic(Misuse::kOutOfMemory, nullptr, 0);
        }
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Ending the program on a proven misuse: panic() and the two assertion forms. Anything may call
// them; they allocate nothing and touch no allocator state, so a broken heap cannot stop them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/arch.h"
#include "core/config.h"
#include "core/include/emma.h"

namespace emma {

enum class Misuse : std::uint8_t {
    kDoubleFree = EMMA_PANIC_DOUBLE_FREE,
    kInvalidPointer = EMMA_PANIC_INVALID_POINTER,
    kWrongSize = EMMA_PANIC_WRONG_SIZE,
    kOutOfMemory = EMMA_PANIC_OUT_OF_MEMORY,
    kCorruption = EMMA_PANIC_CORRUPTION,
    kUseAfterFree = EMMA_PANIC_USE_AFTER_FREE,
    kOtherHeap = EMMA_PANIC_OTHER_HEAP,
};

// Calls the panic handler; `size_class_bytes` is 0 where no object is known.
[[noreturn, gnu::cold, gnu::noinline]] void panic(Misuse misuse, const void* pointer,
                                                  std::size_t size_class_bytes);

void set_panic_handler(emma_panic_handler handler);

}  // namespace emma

// Internal invariants: DEBUG builds only, so they may be costly.
#define EMMA_ASSERT(condition)                                      \
    do {                                                            \
        if (::emma::kDebug && !(condition))                         \
            ::emma::panic(::emma::Misuse::kCorruption, nullptr, 0); \
    } while (false)

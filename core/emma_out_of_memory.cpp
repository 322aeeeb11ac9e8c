// SPDX-License-Identifier: MIT OR Apache-2.0
// The public face for code that has no way to report failure, in an archive member of its own.
#include "core/check.h"
#include "core/include/emma.h"

EMMA_PUBLIC void emma_out_of_memory() noexcept {
    emma::panic(emma::Misuse::kOutOfMemory, nullptr, 0);
}

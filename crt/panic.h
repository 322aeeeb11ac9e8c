// SPDX-License-Identifier: MIT OR Apache-2.0
// The one way in which crt/ gives up: a line on descriptor 2, then an illegal-instruction trap that
// no handler of the program's sees. For
// broken invariants only (a smashed stack, a program the loader cannot serve); whatever can be
// reported to the caller is reported. Needs no TLS and no relocation.
#pragma once

#include "arch/linux/process.h"

namespace emma::crt {

// `line` ends in a newline. The length comes from its type, so that nothing is called here.
template <std::size_t kSize>
[[noreturn]] inline void panic(const char (&line)[kSize]) {
    (void)arch::write(arch::kStderr, line, kSize - 1);
    arch::end_by_trap();
}

}  // namespace emma::crt

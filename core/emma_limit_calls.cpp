// SPDX-License-Identifier: MIT OR Apache-2.0
// emma_limit_calls: from now on the pages come by three calls, and nobody asks the system about
// threads. In a file of its own, so that only a program that asks for it pays for it.
#include "core/include/emma.h"
#include "core/instance.h"

using namespace emma;

// The source is replaced at once, or it is one that asks system_pages() (a reserve), or none that
// makes calls (the sealed one).
EMMA_PUBLIC int emma_limit_calls(void) noexcept {
    if (kBare) return 0;
    g_few_calls.store(true, memory_order_relaxed);
    g_instance.heaps.stop_asking();
    g_instance.arenas.pages().use_instead_of(kSystemPages, kFewCallsPages);
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// emma_limit_calls: the default instance gets its pages by three system calls and asks the system
// nothing about threads. Any thread may call it. In a file of its own, so that only a program that
// calls it has it linked. The page source is in page_source.cpp.
#include "core/include/emma.h"
#include "core/instance.h"

using namespace emma;

// Of the three sources that the instance can have, only kSystemPages has to be replaced: a reserve
// asks system_pages() at each call, and after emma_seal() no call is made.
EMMA_PUBLIC int emma_limit_calls(void) noexcept {
    if (kBare) return 0;
    g_few_calls.store(true, memory_order_relaxed);
    g_instance.heaps.stop_asking();
    g_instance.arenas.pages().use_instead_of(kSystemPages, kFewCallsPages);
    return 0;
}

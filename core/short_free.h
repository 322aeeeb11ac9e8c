// SPDX-License-Identifier: MIT OR Apache-2.0
// The short way of a free that the fast path had to leave: a small object of another thread's, or
// one of the thread's own in a slab that other threads have freed in.
#pragma once

#include <cstdint>

#include "core/instance.h"

namespace emma {

// After a push into the inbox of `home`. While nobody holds that heap its pushers drain it.
[[gnu::noinline]] inline void note_short_push(ThreadHeap* home) {
    note_push_if_linked(g_instance.heaps, current_heap());
    if (!home->is_inbox_long()) return;
    HeapLease lease(g_instance, home);
    if (lease) lease->drain_inbox();
}

// False: nothing was done, the pointer may be anything. As Instance::release() for what was lately
// proved to be in an arena of the default instance's, step by step what prove() does.
inline bool release_small(void* pointer) {
    const auto addr = reinterpret_cast<std::uintptr_t>(pointer);
    if (kChecks || !kOwnHeaps || !g_instance.arenas.was_proved(arena_addr_of(addr))) return false;
    if ((addr & kArenaMask) < kSliceBytes) return false;  // the header
    Slab* const slab = slab_line_of(addr);
    // Acquire pairs with the release that announced the slab.
    if (slab->use.load(memory_order_acquire) != SliceUse::kSlab || !slab->is_small_class())
        return false;
    SlotIndex slot;
    if (!find_small_slot(*slab, addr, slot)) return false;
    // Relaxed: whoever handed the object to the caller made the last change of its bit visible.
    if ((slab->free_words[word_index_of(slot)].load(memory_order_relaxed) & bit_of(slot)) != 0)
        return false;
    ThreadHeap* const home = slab->owner.heap();
    if (home != current_heap()) {
        if (home->put_remote(slab, slot)) note_short_push(home);
        return true;
    }
    if (!home->enter()) return false;
    home->put(slab, slot);
    home->leave();
    return true;
}

}  // namespace emma

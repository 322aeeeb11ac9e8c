// SPDX-License-Identifier: MIT OR Apache-2.0
// A last-in-first-out list of functions to call, for exit handlers and thread-exit destructors. The
// first kInlineCount entries cost no system call; after them it maps a page at a time. All-zero is
// the valid empty state. Any thread and any signal handler may push and pop at any time: no lock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/linux/memory.h"
#include "crt/atomic.h"

namespace emma::crt {

struct Handler {
    void (*function)(void*) = nullptr;
    void* argument = nullptr;
    Handler* below = nullptr;  // const after publish
};

// One page of further entries.
struct HandlerPage {
    static constexpr std::size_t kBytes = 4096;
    static constexpr std::size_t kHandlerCount = (kBytes - 2 * sizeof(void*)) / sizeof(Handler);

    HandlerPage* previous;             // const after publish
    Atomic<std::uint32_t> used_count;  // any thread; may pass kHandlerCount
    Handler handlers[kHandlerCount];
};
static_assert(sizeof(HandlerPage) <= HandlerPage::kBytes);

template <std::size_t kInlineCount>
class HandlerStack {
  public:
    // False: no memory for the entry, nothing has changed.
    bool push(void (*function)(void*), void* argument) {
        Handler* handler = take_entry();
        if (handler == nullptr) return false;
        handler->function = function;
        handler->argument = argument;
        handler->below = top_.load(kRelaxed);  // published by the exchange below
        // Release: a popping thread's acquire sees the entry's fields. Another push or pop got in
        // between when this fails, so that one made progress.
        while (!top_.compare_exchange(handler->below, handler, kRelease, kRelaxed)) {
        }
        return true;
    }

    // Takes the entry pushed last; false if there is none.
    bool pop(Handler& taken) {
        // Acquire pairs with push. No ABA: an entry is never used twice, so equal tops have equal
        // entries below.
        Handler* handler = top_.load(kAcquire);
        while (handler != nullptr &&
               !top_.compare_exchange(handler, handler->below, kAcquire, kAcquire)) {
        }
        if (handler == nullptr) return false;
        taken = *handler;
        return true;
    }

    // Runs entries until none is left, those pushed meanwhile included.
    void run_all() {
        Handler handler;
        while (pop(handler)) handler.function(handler.argument);
    }

    // Gives the pages back. Nobody else uses the stack, and it is empty.
    void unmap_pages() {
        HandlerPage* page = page_.exchange(nullptr, kAcquire);
        while (page != nullptr) {
            HandlerPage* previous = page->previous;
            (void)arch::unmap(page, HandlerPage::kBytes);
            page = previous;
        }
    }

  private:
    Handler* take_entry() {
        // Relaxed: the counters only hand out distinct places; top_ publishes what is put there.
        if (inline_used_count_.load(kRelaxed) < kInlineCount) {
            const std::uint32_t index = inline_used_count_.fetch_add(1, kRelaxed);
            if (index < kInlineCount) return &inline_[index];
        }
        return take_paged_entry();
    }

    Handler* take_paged_entry() {
        for (;;) {
            // Acquire pairs with the release in add_page.
            HandlerPage* page = page_.load(kAcquire);
            if (page != nullptr && page->used_count.load(kRelaxed) < HandlerPage::kHandlerCount) {
                const std::uint32_t index = page->used_count.fetch_add(1, kRelaxed);
                if (index < HandlerPage::kHandlerCount) return &page->handlers[index];
            }
            if (!add_page(page)) return nullptr;
        }
    }

    // Puts a fresh page in front of `previous`; true also if another thread was faster.
    bool add_page(HandlerPage* previous) {
        const auto mapped = arch::map_anywhere(HandlerPage::kBytes, arch::kProtReadWrite);
        if (!mapped.ok()) return false;
        auto* page = static_cast<HandlerPage*>(mapped.value());
        page->previous = previous;
        if (!page_.compare_exchange(previous, page, kRelease, kRelaxed)) {
            (void)arch::unmap(page, HandlerPage::kBytes);
        }
        return true;
    }

    Atomic<Handler*> top_;                     // any thread
    Atomic<HandlerPage*> page_;                // any thread
    Atomic<std::uint32_t> inline_used_count_;  // any thread; may pass kInlineCount
    Handler inline_[kInlineCount] = {};
};

}  // namespace emma::crt

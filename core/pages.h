// SPDX-License-Identifier: MIT OR Apache-2.0
// The pages of an instance: all that its source has given it, counted. Nothing in core/ calls a
// source but through this. Any thread may call anything here; a failure changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/atomic.h"
#include "core/config.h"
#include "core/page_source.h"

namespace emma {

class Pages {
  public:
    constexpr Pages() = default;
    explicit Pages(const PageSource& source) : source_(&source) {}

    // As the functions of PageSource.
    void* map(std::size_t bytes, std::size_t alignment, std::uintptr_t base = 0);
    Extension extend(std::uintptr_t addr, std::size_t bytes);
    bool unmap(void* pages, std::size_t bytes);
    bool purge(void* pages, std::size_t bytes);
    bool resize(void* pages, std::size_t old_bytes, void* target, std::size_t new_bytes);

    // What map() gave for pages to move to counts from now on: they have not moved, and it goes.
    void count_place(std::size_t bytes) { mapped_bytes_.fetch_add(bytes, memory_order_relaxed); }

    // For pages that nothing else leads to and that were never an object's: what the source refuses
    // to take back is kept for retry_unmapping(), in a list through the pages themselves. True: it
    // is gone.
    bool unmap_or_keep(void* pages, std::size_t bytes);
    // Unmaps what was kept; the bytes that went back.
    std::size_t retry_unmapping();

    // Acquire pairs with use(): what the new source relies on is there.
    const PageSource& source() const {
        const PageSource* const source = source_.load(memory_order_acquire);
        if (source != nullptr) return *source;
        return kBare ? bare_pages() : kSystemPages;
    }
    const Shape& shape() const { return *source().shape; }
    // From now on `source`, which takes back what the one before has given.
    void use(const PageSource& source) { source_.store(&source, memory_order_release); }

    // The same, unless the source is another than `before` by now; null is the system's.
    void use_instead_of(const PageSource& before, const PageSource& source) {
        const PageSource* expected = &before == &kSystemPages ? nullptr : &before;
        (void)source_.compare_exchange(expected, &source, memory_order_release,
                                       memory_order_relaxed);
    }

    // The account alone: of pages that come from, or go to, another one's.
    void count(std::size_t bytes);
    void count_back(std::size_t bytes) { mapped_bytes_.fetch_sub(bytes, memory_order_relaxed); }

    std::size_t mapped_bytes() const { return mapped_bytes_.load(memory_order_relaxed); }
    std::size_t mapped_peak_bytes() const { return peak_bytes_.load(memory_order_relaxed); }
    std::size_t system_calls() const {
        const CallCount* const calls = source().system_calls;
        return calls == nullptr ? 0 : calls->load(memory_order_relaxed);
    }

  private:
    friend struct StatisticsInspector;  // tests
    friend struct Layout;               // linker/gdb
    struct Kept {
        Kept* next;
        std::size_t bytes;
    };

    [[gnu::noinline]] const PageSource& call();

    // Null is the system's, so that all-zero is valid. any thread
    Atomic<const PageSource*> source_{nullptr};
    // Any thread, relaxed: they publish nothing.
    Atomic<std::size_t> mapped_bytes_;
    Atomic<std::size_t> peak_bytes_;
    Atomic<Kept*> kept_;  // any thread
};

// Here and not in pages.cpp: only a program that uses it pays for it.
inline std::size_t Pages::retry_unmapping() {
    std::size_t unmapped = 0;
    // Acquire pairs with unmap_or_keep(). The list is this thread's from here on.
    Kept* kept = kept_.exchange(nullptr, memory_order_acquire);
    while (kept != nullptr) {
        Kept* const next = kept->next;
        const std::size_t bytes = kept->bytes;
        if (unmap_or_keep(kept, bytes)) unmapped += bytes;
        kept = next;
    }
    return unmapped;
}

}  // namespace emma

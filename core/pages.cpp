// SPDX-License-Identifier: MIT OR Apache-2.0
// Calling the source, and the account of it.
#include "core/pages.h"

namespace emma {

// Once in the archive.
const PageSource& Pages::call() { return source(); }

void Pages::count(std::size_t bytes) {
    const std::size_t now = mapped_bytes_.fetch_add(bytes, memory_order_relaxed) + bytes;
    std::size_t peak = peak_bytes_.load(memory_order_relaxed);
    while (now > peak &&
           !peak_bytes_.compare_exchange(peak, now, memory_order_relaxed, memory_order_relaxed)) {
    }
}

void* Pages::map(std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    const PageSource& from = call();
    // A place for pages to move to (its base is theirs) holds nothing yet.
    const std::size_t held = base <= from.origin ? bytes : 0;
    void* const pages = from.map(from.context, bytes, alignment, base);
    if (pages != nullptr) count(held);
    return pages;
}

Extension Pages::extend(std::uintptr_t addr, std::size_t bytes) {
    const PageSource& from = call();
    const Extension result = from.extend(from.context, addr, bytes);
    if (result == Extension::kDone) count(bytes);
    return result;
}

bool Pages::unmap(void* pages, std::size_t bytes) {
    const PageSource& from = call();
    const bool done = from.unmap(from.context, pages, bytes);
    if (done) count_back(bytes);
    return done;
}

bool Pages::unmap_or_keep(void* pages, std::size_t bytes) {
    if (unmap(pages, bytes)) return true;
    auto* const kept = static_cast<Kept*>(pages);
    kept->bytes = bytes;
    Kept* next = kept_.load(memory_order_relaxed);
    // Release pairs with retry_unmapping(). A failure means that another thread put one in or took
    // all out.
    do kept->next = next;
    while (!kept_.compare_exchange(next, kept, memory_order_release, memory_order_relaxed));
    return false;
}

bool Pages::purge(void* pages, std::size_t bytes) {
    const PageSource& from = call();
    return from.purge(from.context, pages, bytes);
}

bool Pages::resize(void* pages, std::size_t old_bytes, void* target, std::size_t new_bytes) {
    const PageSource& from = call();
    const bool done = from.resize(from.context, pages, old_bytes, target, new_bytes);
    if (done) count(new_bytes - old_bytes);  // modulo 2^64 when it shrinks
    return done;
}

}  // namespace emma

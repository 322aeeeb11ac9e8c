// SPDX-License-Identifier: MIT OR Apache-2.0
// The system's page source over the C library's calls, which ThreadSanitizer follows, at addresses
// that it allows.
#include <sys/mman.h>

#include "core/layout.h"
#include "core/page_source.h"

namespace emma {
namespace {

constexpr int kProtection = PROT_READ | PROT_WRITE;
constexpr int kPrivate = MAP_PRIVATE | MAP_ANONYMOUS;

// At the start of a window of free addresses, so that arenas can grow. Null where another mapping
// came into the window meanwhile.
void* map_in_window(std::size_t bytes, std::size_t unit) {
    const std::size_t padded = align_up(bytes, unit) + unit;
    void* const reserved = mmap(nullptr, padded, PROT_NONE, kPrivate | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) return nullptr;
    const std::uintptr_t start = align_up(reinterpret_cast<std::uintptr_t>(reserved), unit);
    munmap(reserved, padded);
    void* const pages = mmap(reinterpret_cast<void*>(start), bytes, kProtection,
                             kPrivate | MAP_FIXED_NOREPLACE, -1, 0);
    return pages == MAP_FAILED ? nullptr : pages;
}

void* map(void*, std::size_t bytes, std::size_t alignment, std::uintptr_t) {
    constexpr unsigned kAttempts = 100;
    const std::size_t unit = alignment < kArenaBytes ? kArenaBytes : alignment;
    void* pages = nullptr;
    for (unsigned i = 0; i < kAttempts && pages == nullptr; ++i) pages = map_in_window(bytes, unit);
    return pages;
}

Extension extend(void*, std::uintptr_t address, std::size_t bytes) {
    void* const wanted = reinterpret_cast<void*>(address);
    return mmap(wanted, bytes, kProtection, kPrivate | MAP_FIXED_NOREPLACE, -1, 0) == wanted
               ? Extension::kDone
               : Extension::kTaken;
}

bool unmap(void*, void* pages, std::size_t bytes) { return munmap(pages, bytes) == 0; }

bool purge(void*, void* pages, std::size_t bytes) {
    return madvise(pages, bytes, MADV_DONTNEED) == 0;
}

bool resize(void*, void*, std::size_t, void*, std::size_t) { return false; }

}  // namespace

constinit CallCount g_system_calls;

constinit const PageSource kSystemPages{.map = map,
                                        .extend = extend,
                                        .unmap = unmap,
                                        .purge = purge,
                                        .resize = resize,
                                        .idle_bytes = nullptr,
                                        .context = nullptr,
                                        .shape = &kDefaultShape,
                                        .origin = 0,
                                        .system_calls = nullptr};
constinit Atomic<bool> g_few_calls{false};
constinit const PageSource kFewCallsPages = kSystemPages;

}  // namespace emma

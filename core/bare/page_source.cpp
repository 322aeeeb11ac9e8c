// SPDX-License-Identifier: MIT OR Apache-2.0
// PORT=bare: the default page source is the program, by the functions that emma_bare.h declares.
// Takes the place of core/page_source.cpp. What they yield is checked as far as a look can, so that
// a mistake is an allocation that fails and not an arena at a wrong address.
#include "core/page_source.h"

#include "core/bare/pieces.h"
#include "core/include/emma_bare.h"

// The program need not have it.
extern "C" bool emma_bare_purge(void* pages, size_t bytes) noexcept __attribute__((weak));

namespace emma {
namespace {

// Whether the program has ever refused to take back. Any thread, relaxed: a hint.
constinit Atomic<bool> g_may_have_spare{false};

void* map_fresh_piece(void* counter, std::size_t bytes, std::size_t alignment, std::uintptr_t) {
    count_call(counter);
    void* const pages = emma_bare_map(bytes, alignment);
    const auto addr = reinterpret_cast<std::uintptr_t>(pages);
    if (addr == 0 || ((addr & (alignment - 1)) == 0 && is_packable(addr, bytes))) return pages;
    count_call(counter);
    (void)emma_bare_unmap(pages, bytes);
    return nullptr;
}

// Spare pages of either instance serve the other, too: all are the program's.
void* bare_map(void* counter, std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    if (base > kSystemOrigin) return nullptr;  // pages do not move
    // An arena of less than a window is better used in pieces.
    if (base != 0 && bytes < kArenaBytes) return nullptr;
    if (!g_may_have_spare.load(memory_order_relaxed))
        return map_fresh_piece(counter, bytes, alignment, base);
    if (void* const spare = g_pieces.arenas.take_spare(bytes, alignment, base)) return spare;
    return g_instance.arenas.map_beside_spare(bytes, alignment, base, map_fresh_piece, counter);
}

Extension bare_extend(void* counter, std::uintptr_t addr, std::size_t bytes) {
    return map_behind(counter, addr, bytes);
}

bool bare_unmap(void* counter, void* pages, std::size_t bytes) {
    count_call(counter);
    const bool done = emma_bare_unmap(pages, bytes);
    if (!done) g_may_have_spare.store(true, memory_order_relaxed);
    return done;
}

bool bare_purge(void* counter, void* pages, std::size_t bytes) {
    count_call(counter);
    return emma_bare_purge(pages, bytes);
}

bool bare_resize(void*, void*, std::size_t, void*, std::size_t) { return false; }

// A window is asked for whole at first.
constexpr Shape bare_shape() {
    Shape shape = kDefaultShapeValue;
    shape.first_slices = kSlicesPerArena;
    return shape;
}
constinit const Shape kBareShape = bare_shape();

constexpr PageSource source_with(bool (*purge)(void*, void*, std::size_t)) {
    return {.map = bare_map,
            .extend = bare_extend,
            .unmap = bare_unmap,
            .purge = purge,
            .resize = bare_resize,
            .idle_bytes = nullptr,
            .context = &g_system_calls,
            .shape = &kBareShape,
            .origin = kSystemOrigin,
            .system_calls = &g_system_calls};
}
constinit const PageSource kPagesWithoutPurge = source_with(nullptr);

}  // namespace

constinit CallCount g_system_calls;

constinit const PageSource kSystemPages = source_with(bare_purge);

// Whether a weak function is there is known when the program is linked, which is too late for a
// constant.
const PageSource& bare_pages() {
    return emma_bare_purge != nullptr ? kSystemPages : kPagesWithoutPurge;
}

}  // namespace emma

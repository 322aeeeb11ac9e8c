// SPDX-License-Identifier: MIT OR Apache-2.0
// The source of the second instance: arenas of 256 KiB at multiples of that from wherever the
// program's memory begins. And what the functions of <emma.h> need to find the right instance.
#include "core/bare/pieces.h"

#include "core/include/emma_bare.h"

// The program need not have it.
extern "C" bool emma_bare_map_at(void* pages, size_t bytes) noexcept __attribute__((weak));

namespace emma {

constinit Instance g_pieces;
constinit Atomic<bool> g_has_pieces{false};

namespace {

// Of the default instance: after emma_seal it gives and takes nothing.
const PageSource& current_source() { return g_instance.arenas.pages().source(); }

// Of pages that nothing knows yet.
void give_back(void* counter, void* pages, std::size_t bytes) {
    if (!current_source().unmap(counter, pages, bytes)) g_instance.arenas.keep_spare(pages, bytes);
}

}  // namespace

Extension map_behind(void* counter, std::uintptr_t addr, std::size_t bytes) {
    auto* const wanted = reinterpret_cast<void*>(addr);
    if (emma_bare_map_at != nullptr) {
        count_call(counter);
        return emma_bare_map_at(wanted, bytes) ? Extension::kDone : Extension::kRefused;
    }
    // A program that gives the lowest place gives this one once the places below are held.
    constexpr unsigned kTries = 8;
    void* held[kTries];
    unsigned count = 0;
    Extension result = Extension::kTaken;
    while (result == Extension::kTaken && count < kTries) {
        void* const pages = kSystemPages.map(counter, bytes, kPageBytes, 0);
        if (pages == wanted) {
            result = Extension::kDone;
        } else if (pages == nullptr) {
            result = Extension::kRefused;
        } else {
            held[count++] = pages;
        }
    }
    for (unsigned i = 0; i < count; ++i) give_back(counter, held[i], bytes);
    return result;
}

namespace {

constexpr std::size_t kPieceBytes = kSlicesPerArena * kPageBytes;

bool is_at(const void* pages, std::uintptr_t base, std::size_t alignment) {
    return ((reinterpret_cast<std::uintptr_t>(pages) - base) & (alignment - 1)) == 0;
}

// `padding` more than is needed, with the ends given back; null if the place is not in it.
void* map_and_trim(void* counter, std::size_t bytes, std::size_t padding, std::size_t alignment,
                   std::uintptr_t base) {
    void* const pages = current_source().map(counter, bytes + padding, kPageBytes, 0);
    if (pages == nullptr) return nullptr;
    const auto start = reinterpret_cast<std::uintptr_t>(pages);
    std::uintptr_t addr = base + align_up(start - base, alignment);
    const std::uintptr_t end = start + bytes + padding;
    const bool fits = addr + bytes <= end;
    if (!fits) addr = end - bytes;
    if (addr != start) give_back(counter, pages, addr - start);
    const std::uintptr_t behind = fits ? addr + bytes : addr;
    if (end != behind) give_back(counter, reinterpret_cast<void*>(behind), end - behind);
    return fits ? reinterpret_cast<void*>(addr) : nullptr;
}

// The first chunk of the list of arenas and the first table beyond those in the instance, mapped
// before the arenas: a page between two arenas would cost most of an arena, as they lie at
// multiples of their size. Any thread; relaxed: the pages are published with what is made of them.
constexpr std::size_t kPiecesMetadataBytes = 3 * kPageBytes;
constinit Atomic<std::uintptr_t> g_metadata;  // the first byte that is left
constinit Atomic<std::uintptr_t> g_metadata_end;

void* take_metadata(std::size_t bytes) {
    std::uintptr_t addr = g_metadata.load(memory_order_relaxed);
    // A failure means that another thread has taken some.
    while (addr + bytes <= g_metadata_end.load(memory_order_relaxed))
        if (g_metadata.compare_exchange(addr, addr + bytes, memory_order_relaxed,
                                        memory_order_relaxed))
            return reinterpret_cast<void*>(addr);
    return nullptr;
}

// `base` is not 0 for arenas: an alignment that is to be had relative to it.
void* piece_map(void* counter, std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    if (base == 0 && alignment == kPageBytes)
        if (void* const pages = take_metadata(bytes)) return pages;
    if (base == 0) return current_source().map(counter, bytes, alignment, 0);
    void* const pages = current_source().map(counter, bytes, kPageBytes, 0);
    if (pages == nullptr || is_at(pages, base, alignment)) return pages;
    give_back(counter, pages, bytes);
    // What the same place lacks, else what any place may lack.
    const std::size_t lack = (base - reinterpret_cast<std::uintptr_t>(pages)) & (alignment - 1);
    void* const trimmed = map_and_trim(counter, bytes, lack, alignment, base);
    if (trimmed != nullptr) return trimmed;
    return map_and_trim(counter, bytes, alignment - kPageBytes, alignment, base);
}

Extension piece_extend(void* counter, std::uintptr_t addr, std::size_t bytes) {
    return current_source().extend(counter, addr, bytes);
}
bool piece_unmap(void* counter, void* pages, std::size_t bytes) {
    return current_source().unmap(counter, pages, bytes);
}
bool piece_purge(void* counter, void* pages, std::size_t bytes) {
    const PageSource& source = current_source();
    return source.purge != nullptr && source.purge(counter, pages, bytes);
}
bool piece_resize(void*, void*, std::size_t, void*, std::size_t) { return false; }

std::size_t piece_idle_bytes(void*) {
    const std::uintptr_t end = g_metadata_end.load(memory_order_relaxed);
    return end == 0 ? 0 : end - g_metadata.load(memory_order_relaxed);
}

// Where the arenas may begin, by steps of 16 KiB: a source for each, so that threads that choose at
// once choose among constants.
constexpr std::size_t kStepBytes = 4 * kPageBytes;
constexpr std::size_t kSteps = kPieceBytes / kStepBytes;
struct Sources {
    PageSource of[2 * kSteps];  // then the same without purge
};
constinit const Sources kSources = [] {
    Sources sources{};
    for (std::size_t step = 0; step < 2 * kSteps; ++step)
        sources.of[step] = {.map = piece_map,
                            .extend = piece_extend,
                            .unmap = piece_unmap,
                            .purge = step < kSteps ? piece_purge : nullptr,
                            .resize = piece_resize,
                            .idle_bytes = piece_idle_bytes,
                            .context = &g_system_calls,
                            .shape = &kPieceShape,
                            .origin = kPieceBytes + step % kSteps * kStepBytes,
                            .system_calls = &g_system_calls};
    return sources;
}();

// Where the program has that much memory now, given back at once; 0: nowhere.
std::uintptr_t find_memory(std::size_t bytes) {
    void* const pages = current_source().map(&g_system_calls, bytes, kPageBytes, 0);
    if (pages != nullptr) give_back(&g_system_calls, pages, bytes);
    return reinterpret_cast<std::uintptr_t>(pages);
}

void reserve_metadata() {
    if (find_memory(kPieceBytes) == 0) return;  // so little needs none
    void* const pages = current_source().map(&g_system_calls, kPiecesMetadataBytes, kPageBytes, 0);
    const auto addr = reinterpret_cast<std::uintptr_t>(pages);
    if (pages == nullptr) return;
    std::uintptr_t none = 0;
    if (g_metadata.compare_exchange(none, addr, memory_order_relaxed, memory_order_relaxed)) {
        g_metadata_end.store(addr + kPiecesMetadataBytes, memory_order_relaxed);
    } else {  // another thread was first
        give_back(&g_system_calls, pages, kPiecesMetadataBytes);
    }
}

// The first place where the program has memory decides, the longest that it has now. False: none.
bool begin() {
    if (g_has_pieces.load(memory_order_acquire)) return true;
    reserve_metadata();
    for (std::size_t bytes = kPieceBytes; bytes >= kStepBytes; bytes /= 2) {
        const std::uintptr_t start = align_up(find_memory(bytes), kStepBytes);
        if (start == 0) continue;
        const std::size_t step = start / kStepBytes % kSteps;
        const std::size_t first = current_source().purge != nullptr ? 0 : kSteps;
        // A failure means that another thread has chosen.
        g_pieces.arenas.pages().use_instead_of(kSystemPages, kSources.of[first + step]);
        g_has_pieces.store(true, memory_order_release);
        return true;
    }
    return false;
}

}  // namespace

void* allocate_in_pieces(std::size_t bytes, std::size_t alignment, Contents contents) {
    return begin() ? g_pieces.allocate(bytes, alignment, contents) : nullptr;
}

Instance& home_of_in_pieces(const void* pointer) {
    if (!g_has_pieces.load(memory_order_relaxed)) return g_instance;
    const auto addr = reinterpret_cast<std::uintptr_t>(pointer);
    const Place place = locate_guarded(g_pieces.arenas, addr);
    if (place.live) return g_pieces;
    // What was here once does not matter if something of the other's is here now.
    const bool is_others =
        place.kind == Place::kNothing || locate_guarded(g_instance.arenas, addr).live;
    return is_others ? g_instance : g_pieces;
}

Instance* second_instance_in_pieces() {
    return g_has_pieces.load(memory_order_acquire) ? &g_pieces : nullptr;
}

}  // namespace emma

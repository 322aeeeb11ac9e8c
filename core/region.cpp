// SPDX-License-Identifier: MIT OR Apache-2.0
// Finding, claiming and giving back runs of pages in the bitmap of a region (1 = free), and the two
// shapes of arenas in regions.
#include "core/region.h"

#include "arch/arch.h"

namespace emma {
namespace {

constexpr std::size_t kCompactSliceBytes = kPageBytes;
constexpr std::size_t kCompactSlabMaxBytes = 4096;

// The shortest slab that holds a slot and wastes at most a twelfth.
constexpr unsigned compact_slices_for_class(std::size_t slot_bytes) {
    for (unsigned count = 1;; ++count) {
        const std::size_t slab_bytes = count * kCompactSliceBytes;
        if (slab_bytes >= slot_bytes && slab_bytes % slot_bytes * 12 <= slab_bytes) return count;
    }
}

// Larger classes are not used in this shape, but have a geometry for whoever walks the table.
constinit const GeometryTable kCompactGeometry = [] {
    GeometryTable table{};
    for (unsigned i = 0; i < kSizeClassCount; ++i) {
        table.of[i].slot_bytes = slot_bytes_of(i) & 0xffffff;
        table.of[i].slice_count = compact_slices_for_class(slot_bytes_of(i)) & 0xff;
    }
    return table;
}();

constexpr unsigned kCompactBitmapWords = kCompactSliceBytes / kMinAlignment / 64;

constexpr std::size_t kLeastDefaultBytes = std::size_t{16} << 20;

}  // namespace

constinit const Shape kRegionShape{.classes = &kGeometry,
                                   .slab_max_bytes = kMediumMaxBytes,
                                   // An arena may start at any slice.
                                   .run_max_alignment = kSliceBytes,
                                   .huge_alignment = kSliceBytes,
                                   .freed_distance = freed_distance_for(kBitmapWords),
                                   .bitmap_words = kBitmapWords,
                                   .slice_shift = kSliceShift,
                                   .header_slices = 1,
                                   .first_slices = 4,
                                   .run_max_slices = kSlicesPerArena / 2};

namespace {
constexpr Shape kCompactShapeValue{.classes = &kCompactGeometry,
                                   .slab_max_bytes = kCompactSlabMaxBytes,
                                   .run_max_alignment = kCompactSliceBytes,
                                   .huge_alignment = kCompactSliceBytes,
                                   .freed_distance = freed_distance_for(kCompactBitmapWords),
                                   .bitmap_words = kCompactBitmapWords,
                                   .slice_shift = kPageShift,
                                   .header_slices = 3,
                                   .first_slices = 8,
                                   .run_max_slices = kSlicesPerArena / 2};

// A window is asked for whole at first.
constexpr Shape piece_shape() {
    Shape shape = kCompactShapeValue;
    shape.first_slices = kSlicesPerArena;
    return shape;
}

}  // namespace

constinit const Shape kCompactShape = kCompactShapeValue;
constinit const Shape kPieceShape = piece_shape();

// ---- laying out --------------------------------------------------------------------------------

Region::Layout::Layout(void* memory, std::size_t bytes, std::size_t owner_bytes)
    : end(reinterpret_cast<std::uintptr_t>(memory) + bytes),
      is_compact(bytes < kLeastDefaultBytes) {
    const auto start = reinterpret_cast<std::uintptr_t>(memory);
    origin = align_up(start, is_compact ? kCompactSliceBytes : kSliceBytes);
    if (end < start || origin < start || origin >= end) return;
    if (!is_packable(start, bytes)) return;
    // A bit for each page that there may be; the last few are for pages that the head takes.
    const std::size_t head = head_bytes((end - origin) / kPageBytes, owner_bytes);
    if (head + kPageBytes > end - origin) return;
    words = align_down(end - head, 64);
    room = align_up(words + bitmap_bytes((end - origin) / kPageBytes), 64);
}

Region* Region::make(void* memory, std::size_t bytes, std::size_t owner_bytes, Fresh fresh) {
    const Layout layout(memory, bytes, owner_bytes);
    if (layout.room == 0) return nullptr;
    arch::zero_bytes(reinterpret_cast<void*>(layout.words),
                     align_down(layout.end, 8) - layout.words);
    auto* const owner_room = reinterpret_cast<void*>(layout.room);
    Region* const region = of_owner(owner_room, owner_bytes);
    region->origin_ = layout.origin;
    region->page_count_ = (layout.words - layout.origin) / kPageBytes;
    region->words_ = reinterpret_cast<Word*>(layout.words);
    region->owner_room_ = owner_room;
    region->is_compact_ = layout.is_compact;
    region->given_back_below_.store(fresh == Fresh::kZeroed ? 0 : region->page_count_,
                                    memory_order_relaxed);
    region->release({0, region->page_count_});
    return region;
}

// ---- the bitmap --------------------------------------------------------------------------------

std::uint64_t Region::bits_in_word(Span span, std::size_t word) {
    const std::size_t word_start = word * 64;
    const std::size_t first = span.first > word_start ? span.first - word_start : 0;
    const std::size_t end = span.end - word_start < 64 ? span.end - word_start : 64;
    return low_bits(static_cast<unsigned>(end - first)) << first;
}

// The first page of the span that is not free; its end: all are.
std::size_t Region::first_taken(Span span) const {
    for (std::size_t word = span.first / 64; word * 64 < span.end; ++word) {
        const std::uint64_t taken =
            bits_in_word(span, word) & ~words_[word].load(memory_order_relaxed);
        if (taken != 0) return word * 64 + lowest_bit(taken);
    }
    return span.end;
}

// The first free page from `page` on, or one behind the last.
std::size_t Region::first_free(std::size_t page) const {
    while (page < page_count_) {
        const std::uint64_t free = words_[page / 64].load(memory_order_relaxed) >> (page % 64);
        if (free != 0) return page + lowest_bit(free);
        page = (page / 64 + 1) * 64;
    }
    return page_count_;
}

// Word by word, upwards. Where another thread was first, what was claimed so far is released. Of
// several threads in each other's way the one with the highest word is stopped by none, so one
// always advances.
bool Region::claim(Span span) {
    for (std::size_t word = span.first / 64; word * 64 < span.end; ++word) {
        const std::uint64_t wanted = bits_in_word(span, word);
        std::uint64_t free = words_[word].load(memory_order_relaxed);
        // Acquire pairs with release(): the last user is done with the pages.
        while ((free & wanted) == wanted &&
               !words_[word].compare_exchange(free, free & ~wanted, memory_order_acquire,
                                              memory_order_relaxed)) {
        }
        if ((free & wanted) == wanted) continue;
        if (word * 64 > span.first) release({span.first, word * 64});
        return false;
    }
    return true;
}

void Region::release(Span span) {
    for (std::size_t word = span.first / 64; word * 64 < span.end; ++word)
        words_[word].set_bits(bits_in_word(span, word), memory_order_release);
}

std::size_t Region::free_bytes() const {
    std::size_t pages = 0;
    for (std::size_t word = 0; word * 64 < page_count_; ++word)
        pages += count_bits(words_[word].load(memory_order_relaxed));
    return pages * kPageBytes;
}

// ---- taking and giving -------------------------------------------------------------------------

// The mark was raised before the pages below it were released, so who claims one sees it.
void Region::zero(Span span) {
    const std::size_t mark = given_back_below_.load(memory_order_relaxed);
    const std::size_t end = span.end < mark ? span.end : mark;
    if (span.first < end)
        arch::zero_bytes(reinterpret_cast<void*>(addr_of(span.first)),
                         (end - span.first) * kPageBytes);
}

// The lowest free span, or one of no pages.
Region::Span Region::lowest(std::size_t count, std::size_t alignment, std::uintptr_t base) const {
    for (std::size_t page = first_free(0); page < page_count_;) {
        const std::uintptr_t addr = base + align_up(addr_of(page) - base, alignment);
        const std::size_t first = (addr - origin_) / kPageBytes;
        if (first >= page_count_ || count > page_count_ - first) break;
        const std::size_t obstacle = first_taken({first, first + count});
        if (obstacle == first + count) return {first, first + count};
        page = first_free(obstacle);
    }
    return {0, 0};
}

// The highest free span, or one of no pages.
Region::Span Region::highest(std::size_t count, std::size_t alignment, std::uintptr_t base) const {
    for (std::size_t end = page_count_; end >= count;) {
        const std::uintptr_t addr = base + align_down(addr_of(end - count) - base, alignment);
        if (addr < origin_) break;
        const std::size_t first = (addr - origin_) / kPageBytes;
        const std::size_t obstacle = first_taken({first, first + count});
        if (obstacle == first + count) return {first, first + count};
        end = obstacle;
    }
    return {0, 0};
}

// Short pieces come from the end, so that they leave the places of arenas whole.
void* Region::take(std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    const std::size_t count = bytes / kPageBytes;
    for (;;) {
        const bool is_short = bytes < kSliceBytes && alignment < kSliceBytes;
        const Span span =
            is_short ? highest(count, alignment, base) : lowest(count, alignment, base);
        if (span.first == span.end) return nullptr;
        if (!claim(span)) continue;  // another thread was first: it has advanced
        zero(span);
        return reinterpret_cast<void*>(addr_of(span.first));
    }
}

bool Region::take_exactly(std::uintptr_t addr, std::size_t bytes) {
    const std::size_t first = (addr - origin_) / kPageBytes;
    const std::size_t count = bytes / kPageBytes;
    if (first >= page_count_ || count > page_count_ - first) return false;
    if (!claim({first, first + count})) return false;
    zero({first, first + count});
    return true;
}

void Region::give(std::uintptr_t addr, std::size_t bytes) {
    const std::size_t first = (addr - origin_) / kPageBytes;
    const Span span{first, first + bytes / kPageBytes};
    std::size_t mark = given_back_below_.load(memory_order_relaxed);
    while (mark < span.end && !given_back_below_.compare_exchange(
                                  mark, span.end, memory_order_relaxed, memory_order_relaxed)) {
    }
    release(span);
}

bool Region::resize(std::uintptr_t addr, std::size_t old_bytes, std::size_t new_bytes) {
    if (new_bytes > old_bytes) return take_exactly(addr + old_bytes, new_bytes - old_bytes);
    if (new_bytes < old_bytes) give(addr + new_bytes, old_bytes - new_bytes);
    return true;
}

// ---- as a source -------------------------------------------------------------------------------

namespace {

Region& region_of(void* context) { return *static_cast<Region*>(context); }

void* region_map(void* context, std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    Region& region = region_of(context);
    // Pages do not move. Those at the origin have the base of an arena, but not its alignment.
    if (base != 0 && alignment != region.source().shape->arena_bytes()) return nullptr;
    return region.take(bytes, alignment, base);
}
Extension region_extend(void* context, std::uintptr_t addr, std::size_t bytes) {
    return region_of(context).take_exactly(addr, bytes) ? Extension::kDone : Extension::kRefused;
}
bool region_unmap(void* context, void* pages, std::size_t bytes) {
    region_of(context).give(reinterpret_cast<std::uintptr_t>(pages), bytes);
    return true;
}
bool region_resize(void* context, void* pages, std::size_t old_bytes, void* target,
                   std::size_t new_bytes) {
    return target == pages &&
           region_of(context).resize(reinterpret_cast<std::uintptr_t>(pages), old_bytes, new_bytes);
}
std::size_t region_idle_bytes(void* context) { return region_of(context).free_bytes(); }

}  // namespace

PageSource Region::source() {
    return {.map = region_map,
            .extend = region_extend,
            .unmap = region_unmap,
            .purge = nullptr,
            .resize = region_resize,
            .idle_bytes = region_idle_bytes,
            .context = this,
            .shape = is_compact_ ? &kCompactShape : &kRegionShape,
            .origin = origin_,
            .system_calls = nullptr};
}

}  // namespace emma

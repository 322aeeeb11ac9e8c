// SPDX-License-Identifier: MIT OR Apache-2.0
// Memory for the default instance without the system: emma_reserve puts regions of populated pages
// in front of the system as its source, emma_seal takes the system away. In a file of its own, so
// that only a program that asks for it pays for it.
#include "arch/system.h"
#include "core/error_number.h"
#include "core/include/emma.h"
#include "core/instance.h"
#include "core/region.h"

namespace emma {
namespace {

// Newest first; never given back. any thread
constinit Atomic<Region*> g_reserves{nullptr};

// The reserve that `addr` lies in, or null.
Region* reserve_around(std::uintptr_t addr) {
    Region* region = g_reserves.load(memory_order_acquire);
    while (region != nullptr && !region->contains(addr)) region = region->next;
    return region;
}
Region* reserve_around(void* pages) {
    return reserve_around(reinterpret_cast<std::uintptr_t>(pages));
}

// ---- sources -----------------------------------------------------------------------------------
// Sealed or not, reserves come first. What is in none of them is the system's.

void* try_reserves(std::size_t bytes, std::size_t alignment) {
    for (Region* region = g_reserves.load(memory_order_acquire); region; region = region->next)
        if (void* const pages = region->take(bytes, alignment, 0)) return pages;
    return nullptr;
}

// Again where arenas without an object may have been in the way. Inside a claim of slices that can
// help only the next one.
void* take_reserved(std::size_t bytes, std::size_t alignment) {
    if (void* const pages = try_reserves(bytes, alignment)) return pages;
    (void)g_instance.trim_quietly();
    return try_reserves(bytes, alignment);
}

// Pages of a reserve do not move, and no pages move there.
bool is_mapping_to_move(std::uintptr_t base) { return base > kSystemOrigin; }

// At last what the system gave before the seal and was freed after it.
void* sealed_map(void*, std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    if (is_mapping_to_move(base)) return nullptr;
    void* const pages = take_reserved(bytes, alignment);
    return pages != nullptr ? pages : g_instance.arenas.take_spare(bytes, alignment, base);
}
void* reserving_map(void* counter, std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    const bool is_to_move = is_mapping_to_move(base);
    if (is_to_move && reserve_around(base) != nullptr) return nullptr;
    void* const pages = is_to_move ? nullptr : take_reserved(bytes, alignment);
    return pages != nullptr ? pages : system_pages().map(counter, bytes, alignment, base);
}

// Arenas outside the reserves grow no more: the reserve comes first.
Extension reserved_extend(void*, std::uintptr_t addr, std::size_t bytes) {
    Region* const region = reserve_around(addr);
    if (region == nullptr) return Extension::kTaken;
    return region->take_exactly(addr, bytes) ? Extension::kDone : Extension::kRefused;
}

bool give_reserved(Region* region, void* pages, std::size_t bytes) {
    region->give(reinterpret_cast<std::uintptr_t>(pages), bytes);
    return true;
}
bool sealed_unmap(void*, void* pages, std::size_t bytes) {
    Region* const region = reserve_around(pages);
    return region != nullptr && give_reserved(region, pages, bytes);
}
bool reserving_unmap(void* counter, void* pages, std::size_t bytes) {
    if (Region* const region = reserve_around(pages)) return give_reserved(region, pages, bytes);
    return system_pages().unmap(counter, pages, bytes);
}

bool sealed_resize(void*, void* pages, std::size_t old_bytes, void* target, std::size_t new_bytes) {
    Region* const region = reserve_around(pages);
    return region != nullptr && target == pages &&
           region->resize(reinterpret_cast<std::uintptr_t>(pages), old_bytes, new_bytes);
}
bool reserving_resize(void* counter, void* pages, std::size_t old_bytes, void* target,
                      std::size_t new_bytes) {
    if (reserve_around(pages) != nullptr)
        return sealed_resize(nullptr, pages, old_bytes, target, new_bytes);
    return system_pages().resize(counter, pages, old_bytes, target, new_bytes);
}

std::size_t reserved_idle_bytes(void*) {
    std::size_t sum = 0;
    for (Region* region = g_reserves.load(memory_order_acquire); region; region = region->next)
        sum += region->free_bytes();
    return sum;
}

// Slabs are short, so that a thread that uses a class takes little more than its objects: at most
// 64 KiB for a class to 32 KiB, and what kPerThreadBytes says for all of them.
constexpr unsigned reserved_slices_for_class(std::size_t slot_bytes) {
    if (slot_bytes <= 32 * 1024) return 1;
    return slot_bytes > 64 * 1024 && slot_bytes <= 96 * 1024 ? 3 : 2;
}
constinit const GeometryTable kReservedGeometry = [] {
    GeometryTable table{};
    for (unsigned i = 0; i < kSizeClassCount; ++i) {
        table.of[i].slot_bytes = slot_bytes_of(i) & 0xffffff;
        table.of[i].slice_count = reserved_slices_for_class(slot_bytes_of(i)) & 0xff;
    }
    return table;
}();

// And of the largest runs: what is larger takes pages of the reserve wherever they are, and finds
// room where no arena has so many slices in a row.
constexpr Shape reserved_shape() {
    Shape shape = kDefaultShapeValue;
    shape.classes = &kReservedGeometry;
    shape.run_max_slices = kSlicesPerArena / 2;
    return shape;
}
constinit const Shape kReservedShape = reserved_shape();

constinit const PageSource kReservingPages{.map = reserving_map,
                                           .extend = reserved_extend,
                                           .unmap = reserving_unmap,
                                           .purge = nullptr,
                                           .resize = reserving_resize,
                                           .idle_bytes = reserved_idle_bytes,
                                           .context = &g_system_calls,
                                           .shape = &kReservedShape,
                                           .origin = kSystemOrigin,
                                           .system_calls = &g_system_calls};

constinit const PageSource kSealedPages{.map = sealed_map,
                                        .extend = reserved_extend,
                                        .unmap = sealed_unmap,
                                        .purge = nullptr,
                                        .resize = sealed_resize,
                                        .idle_bytes = reserved_idle_bytes,
                                        .context = &g_system_calls,
                                        .shape = &kReservedShape,
                                        .origin = kSystemOrigin,
                                        .system_calls = &g_system_calls};

// ---- populating --------------------------------------------------------------------------------

// Kernels before 5.14 and emulators do not know the advice; then every page is written. Nobody else
// uses the pages.
void populate(void* pages, std::size_t bytes) {
    if (&system_pages() == &kSystemPages) {
        count_call(&g_system_calls);
        if (arch::populate(pages, bytes) == arch::Errno::kNone) return;
    }
    for (std::size_t offset = 0; offset < bytes; offset += kPageBytes) {
        volatile char* const byte = static_cast<char*>(pages) + offset;
        *byte = *byte;
    }
}

// The free slices of the arenas there are, which are used before the reserve.
void populate_free_slices() {
    ArenaPool& arenas = g_instance.arenas;
    arenas.for_each([](Arena& arena) {
        for (unsigned slice = arena.first_slice(); slice < kSlicesPerArena; ++slice) {
            if (!arena.claim_exactly(slice, 1)) continue;
            populate(reinterpret_cast<void*>(arena.slice_addr(slice)), arena.shape().slice_bytes());
            arena.release(slice, 1);
        }
    });
}

// ---- how much it takes -------------------------------------------------------------------------
// Objects of `bytes` bytes in all that are allocated one after the other take at most
//
//   bytes * 64 / 31              the worst are those a little larger than 31 slices: one to a
//   window.
//                                A little more than half a window or than a number of windows takes
//                                less than that, and so does a slot with the rest of its slab
//                                (checked below)
//   + slack_bytes() a thread     for each class a slab in which one object lies
//   + a window                   the one that slabs have begun when the next object needs its own
//
// Slack is what the slabs take beyond 2 * bytes of the least objects that make a thread have them.

// The least object of a class.
constexpr std::size_t least_bytes_of(unsigned index) {
    return index == 0 ? kMinAlignment : slot_bytes_of(index - 1) + 1;
}
constexpr bool is_denser_than_runs(unsigned index) {
    const std::size_t slab_bytes = reserved_slices_for_class(slot_bytes_of(index)) * kSliceBytes;
    // Slots of 16 bytes have no bit in an eighth of the slab; and a window holds 63 slices.
    const std::size_t slots =
        index == 0 ? kBitmapWords * std::size_t{64} : slab_bytes / slot_bytes_of(index);
    return slots * least_bytes_of(index) * 63 / 31 >= slab_bytes;
}
constexpr std::size_t slack_bytes() {
    std::size_t sum = 0;
    for (unsigned index = 0; index < kSizeClassCount; ++index) {
        const std::size_t slab_bytes =
            reserved_slices_for_class(slot_bytes_of(index)) * kSliceBytes;
        const std::size_t counted = 2 * least_bytes_of(index);
        if (slab_bytes > counted) sum += slab_bytes - counted;
    }
    return sum * 64 / 63;
}
constexpr bool all_denser_than_runs() {
    for (unsigned index = 0; index < kSizeClassCount; ++index)
        if (!is_denser_than_runs(index)) return false;
    return true;
}
static_assert(all_denser_than_runs());

// Beside the objects: heaps, tables, and what a window does not divide into.
constexpr std::size_t kMetadataBytes = std::size_t{1} << 17;
constexpr std::size_t kFirstThreadBytes = std::size_t{7} << 20;
static_assert(slack_bytes() + kArenaBytes + kMetadataBytes <= kFirstThreadBytes);
static_assert(slack_bytes() + HeapPool::kMappingBytes <= 2 * EMMA_RESERVE_PER_THREAD);

std::size_t reserve_bytes_for(std::size_t bytes) {
    return align_up(2 * bytes + bytes / 15 + kFirstThreadBytes, kPageBytes);
}
static_assert((2 * 15 + 1) * 31 >= 64 * 15, "2 + 1/15 is at least 64/31");

void publish(Region* region) {
    region->next = g_reserves.load(memory_order_relaxed);
    // A failure means that another thread published one.
    while (!g_reserves.compare_exchange(region->next, region, memory_order_release,
                                        memory_order_relaxed)) {
    }
}

}  // namespace

// Of two threads that reserve, both set the same; one that seals meanwhile must win. In this order:
// the one that limits the calls puts its source in the place of the system's, never the reverse.
void use_reserves() {
    Pages& pages = g_instance.arenas.pages();
    pages.use_instead_of(kSystemPages, kReservingPages);
    if (!kBare) pages.use_instead_of(kFewCallsPages, kReservingPages);
}

bool is_sealed() { return &g_instance.arenas.pages().source() == &kSealedPages; }

}  // namespace emma

using namespace emma;

EMMA_PUBLIC int emma_reserve(size_t bytes) noexcept {
    Pages& pages = g_instance.arenas.pages();
    if (&pages.source() == &kSealedPages) return kEperm;
    if (bytes > kMaxRequestBytes / 4) return kEnomem;
    const std::size_t usable = reserve_bytes_for(bytes);
    const std::size_t total =
        align_up(usable + Region::head_bytes(usable / kPageBytes + 1, 0), kPageBytes);
    void* const memory = system_pages().map(&g_system_calls, total, kArenaBytes, kSystemOrigin);
    if (memory == nullptr) return kEnomem;
    populate(memory, total);
    publish(Region::make(memory, total, 0, Region::Fresh::kZeroed));
    use_reserves();
    populate_free_slices();
    attach_thread(false);
    return 0;
}

EMMA_PUBLIC int emma_seal(void) noexcept {
    g_instance.heaps.stop_asking();
    attach_thread(false);
    g_instance.arenas.pages().use(kSealedPages);
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Heaps in memory that several processes have mapped at one address. Any of them may be killed at
// any instruction; the others go on. What makes that so is that nobody ever waits, and that nothing
// in the region depends on one process:
//
//   code      Each process has its own page in the region, mapped over what is shared, with all
//             that names its functions and tables. The shared part points into that page.
//   threads   None holds a heap of the region between operations, and the system is not asked about
//             any. Each operation that borrows one leaves the number of its process there, which
//             the program gave; so the heaps that a killed process was at work in are found.
//
// The end of the region (see region.h):
//
//   | page of each process: ... | its part of emma_heap | shared part | SharedHead | Region |
//                             a multiple of the page size^
//
// In a file of its own, so that only a program that has such heaps has it linked.
#include "core/shared_heap.h"
#include "arch/system.h"
#include "core/error_number.h"
#include "core/own_heap.h"

namespace emma {
namespace {

struct SharedHead {
    // 0 until the heap is whole: then what all processes must agree in, see stamp_of().
    Atomic<std::uint64_t> stamp;
    Atomic<std::uint32_t> guards[kMostProcesses];
};

constexpr std::size_t kSharedOffset = offsetof(emma_heap, limit_bytes);
static_assert(kSharedOffset <= kPageBytes);
// A page, and as much before it as it takes to begin it at a multiple of its size.
constexpr std::size_t kRoomBytes = 2 * kPageBytes + sizeof(emma_heap) + sizeof(SharedHead);
static_assert(Region::head_bytes(16, kRoomBytes) + 9 * kPageBytes <= EMMA_HEAP_LEAST_SHARED_REGION);

emma_heap* heap_in(void* room) {
    const std::uintptr_t own = align_up(reinterpret_cast<std::uintptr_t>(room), kPageBytes);
    return reinterpret_cast<emma_heap*>(own + kPageBytes - kSharedOffset);
}
void* own_page_of(emma_heap* heap) {
    return reinterpret_cast<void*>(align_down(reinterpret_cast<std::uintptr_t>(heap), kPageBytes));
}
SharedHead& head_of(emma_heap* heap) { return *reinterpret_cast<SharedHead*>(heap + 1); }

// Of a heap at this address in a region of this size, by this version and build. Never 0.
std::uint64_t stamp_of(const emma_heap* heap, std::size_t region_bytes) {
    std::uint64_t stamp = 1;
    for (const std::uint64_t word :
         {std::uint64_t{EMMA_VERSION}, std::uint64_t{kChecks} << 1 | kForSpeed,
          std::uint64_t{sizeof(emma_heap)}, std::uint64_t{kBitmapWords},
          std::uint64_t{reinterpret_cast<std::uintptr_t>(heap)}, std::uint64_t{region_bytes}})
        stamp = (stamp ^ word) * 0x9e3779b97f4a7c15 + 1;
    return stamp | 1;
}

// The process has a page of its own from now on, of zeros.
int map_own_page(emma_heap* heap) {
    if (is_sealed != nullptr && is_sealed()) return kEperm;
    if (g_few_calls.load(memory_order_relaxed)) return kEperm;
    const arch::Errno error = arch::map_over(own_page_of(heap), kPageBytes, arch::kProtReadWrite);
    return static_cast<int>(error);
}

// ---- what a killed process has lost ------------------------------------------------------------

std::size_t slice_bytes_without_use(Arena& arena) {
    std::uint64_t used = 0;
    for (unsigned slice = arena.first_slice(); slice < kSlicesPerArena; ++slice) {
        const Slab& slab = arena.slab(slice);
        const SliceUse use = slab.use.load(memory_order_acquire);
        if (use == SliceUse::kSlab || use == SliceUse::kRun)
            used |= range_bits(slice, slab.slice_count);
    }
    const std::uint64_t claimed = arena.head.present_slices.load(memory_order_relaxed) &
                                  ~arena.head.free_slices.load(memory_order_relaxed);
    return std::size_t{count_bits(claimed & ~used)} << arena.shape().slice_shift;
}

// Pages that the region has given and that something leads to.
std::size_t known_bytes(Instance& instance, std::size_t& useless_bytes) {
    std::size_t bytes = 0;
    const auto add = [&](auto, std::size_t more) { bytes += more; };
    instance.arenas.for_each([&](Arena& arena) {
        const std::uint64_t mapped =
            arena.head.present_slices.load(memory_order_relaxed) | arena.header_slices();
        bytes += std::size_t{count_bits(mapped)} << arena.shape().slice_shift;
        useless_bytes += slice_bytes_without_use(arena);
    });
    instance.arenas.table().for_each([&](std::uintptr_t addr, std::size_t more) {
        if (more != ArenaTable::kArenaMark) add(addr, more);
    });
    instance.arenas.table().for_each_spare(add);
    instance.arenas.table().for_each_mapping(add);
    instance.arenas.for_each_list_mapping(add);
    instance.heaps.for_each_mapping(add);
    return bytes;
}

}  // namespace

emma_heap* make_shared_place(void* memory, std::size_t bytes, int& error) {
    Region* const region = Region::make(memory, bytes, kRoomBytes, Region::Fresh::kUnknown);
    error = kEinval;
    if (region == nullptr) return nullptr;
    emma_heap* const heap = heap_in(region->owner_room());
    error = map_own_page(heap);
    if (error != 0) return nullptr;
    heap->region = region;
    heap->is_shared = true;
    heap->instance.arenas.count_guards_by_process(head_of(heap).guards, kMostProcesses);
    return heap;
}

// Release pairs with attach(): what has the stamp is whole.
void publish_shared(emma_heap& heap, std::size_t region_bytes) {
    head_of(&heap).stamp.store(stamp_of(&heap, region_bytes), memory_order_release);
}

emma_heap* attach_heap(void* memory, std::size_t bytes, unsigned process, int& error) {
    error = kEinval;
    if (process >= kMostProcesses || memory == nullptr || bytes < EMMA_HEAP_LEAST_SHARED_REGION)
        return nullptr;
    void* const room = Region::room_in(memory, bytes, kRoomBytes);
    if (room == nullptr) return nullptr;
    emma_heap* const heap = heap_in(room);
    if (head_of(heap).stamp.load(memory_order_acquire) != stamp_of(heap, bytes)) return nullptr;
    // A fork's child has its parent's page, which suits it: it runs the same program.
    error = is_open(heap) ? 0 : map_own_page(heap);
    if (error != 0) return nullptr;
    g_process_bits.store(std::uint64_t{process} << kProcessShift, memory_order_relaxed);
    if (!is_open(heap)) open_heap(*heap, nullptr);
    return heap;
}

std::size_t recover_heap(emma_heap* heap, unsigned process) {
    Instance& instance = instance_of(heap);
    if (!heap->is_shared || process >= kMostProcesses || process == process_number()) return 0;
    OperationName name;
    instance.heaps.take_back_process(process, name.holder());
    instance.arenas.drop_guards_of(process);
    std::size_t lost = 0;
    const std::size_t known = known_bytes(instance, lost);
    const std::size_t taken = heap->region->taken_bytes();
    return lost + (taken > known ? taken - known : 0);
}

}  // namespace emma

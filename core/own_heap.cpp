// SPDX-License-Identifier: MIT OR Apache-2.0
// Making heaps over the three kinds of sources, what stands in front of each (the limit, and the
// use of what it did not take back), and the program's own functions as a source.
#include "core/own_heap.h"

#include "core/check.h"
#include "core/error_number.h"

namespace emma {

constinit HeapList g_heap_list;

namespace {

constexpr std::uint64_t kMagic = 0x70616548616d6d45;  // "EmmaHeap"

constexpr std::size_t kHeapBytes = align_up(sizeof(emma_heap), kPageBytes);

// A region of this size has room for a heap and its first objects, wherever it starts.
static_assert(Region::head_bytes(16, sizeof(emma_heap)) + 9 * kPageBytes <= EMMA_HEAP_LEAST_REGION);

emma_heap& heap_of(void* context) { return *static_cast<emma_heap*>(context); }

// ---- in front of a source: the limit, and what the source did not take back --------------------
// What is asked for counts from before the call, so that no two threads together exceed the limit;
// near it one may be refused what another then does not get.

bool hold(emma_heap& heap, std::size_t bytes) {
    const std::size_t now = heap.held_bytes.fetch_add(bytes, memory_order_relaxed) + bytes;
    if (now <= heap.limit_bytes && now >= bytes) return true;
    heap.held_bytes.fetch_sub(bytes, memory_order_relaxed);
    return false;
}
void let_go(emma_heap& heap, std::size_t bytes) {
    heap.held_bytes.fetch_sub(bytes, memory_order_relaxed);
}

// A place that pages are to move to is held whatever the limit, until front_resize() has let go of
// one of the two.
void* map_fresh(void* context, std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    emma_heap& heap = heap_of(context);
    if (base > heap.below.origin) {
        heap.held_bytes.fetch_add(bytes, memory_order_relaxed);
    } else if (!hold(heap, bytes)) {
        return nullptr;
    }
    void* const pages = heap.below.map(heap.below.context, bytes, alignment, base);
    if (pages == nullptr) let_go(heap, bytes);
    return pages;
}

// Spare pages are held already: they have never been let go.
void* front_map(void* context, std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    emma_heap& heap = heap_of(context);
    // None is a place for pages to move to.
    if (base > heap.below.origin || !heap.may_have_spare.load(memory_order_relaxed))
        return map_fresh(context, bytes, alignment, base);
    return heap.instance.arenas.map_beside_spare(bytes, alignment, base, map_fresh, context);
}

Extension front_extend(void* context, std::uintptr_t addr, std::size_t bytes) {
    emma_heap& heap = heap_of(context);
    if (!hold(heap, bytes)) return Extension::kRefused;
    const Extension result = heap.below.extend(heap.below.context, addr, bytes);
    if (result != Extension::kDone) let_go(heap, bytes);
    return result;
}

bool front_unmap(void* context, void* pages, std::size_t bytes) {
    emma_heap& heap = heap_of(context);
    const bool done = heap.below.unmap(heap.below.context, pages, bytes);
    if (done) {
        let_go(heap, bytes);
    } else {
        heap.may_have_spare.store(true, memory_order_relaxed);
    }
    return done;
}

bool front_purge(void* context, void* pages, std::size_t bytes) {
    emma_heap& heap = heap_of(context);
    return heap.below.purge(heap.below.context, pages, bytes);
}

bool front_resize(void* context, void* pages, std::size_t old_bytes, void* target,
                  std::size_t new_bytes) {
    emma_heap& heap = heap_of(context);
    if (target != pages) {
        // Both are held: what stays must be within the limit.
        const std::size_t held = heap.held_bytes.load(memory_order_relaxed);
        const bool moved =
            held - old_bytes <= heap.limit_bytes &&
            heap.below.resize(heap.below.context, pages, old_bytes, target, new_bytes);
        if (moved) let_go(heap, old_bytes);
        return moved;
    }
    const std::size_t more = new_bytes > old_bytes ? new_bytes - old_bytes : 0;
    if (more != 0 && !hold(heap, more)) return false;
    const bool done = heap.below.resize(heap.below.context, pages, old_bytes, pages, new_bytes);
    if (!done) let_go(heap, more);
    if (done && more == 0) let_go(heap, old_bytes - new_bytes);
    return done;
}

std::size_t front_idle_bytes(void* context) {
    const emma_heap& heap = heap_of(context);
    return heap.below.idle_bytes == nullptr ? 0 : heap.below.idle_bytes(heap.below.context);
}

void use_front(emma_heap& heap) {
    heap.front = {.map = front_map,
                  .extend = front_extend,
                  .unmap = front_unmap,
                  .purge = heap.below.purge == nullptr ? nullptr : front_purge,
                  .resize = front_resize,
                  .idle_bytes = front_idle_bytes,
                  .context = &heap,
                  .shape = heap.below.shape,
                  .origin = heap.below.origin,
                  .system_calls = heap.below.system_calls};
}

// ---- the default instance's pages --------------------------------------------------------------
// Its source is asked for anew at every call, so that what emma_reserve and emma_seal say holds for
// all heaps, whenever they were made. `calls` counts those of this heap.

const PageSource& default_source() { return g_instance.arenas.pages().source(); }

void* default_map(void* calls, std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    return default_source().map(calls, bytes, alignment, base);
}
Extension default_extend(void* calls, std::uintptr_t addr, std::size_t bytes) {
    return default_source().extend(calls, addr, bytes);
}
bool default_unmap(void* calls, void* pages, std::size_t bytes) {
    return default_source().unmap(calls, pages, bytes);
}
bool default_purge(void* calls, void* pages, std::size_t bytes) {
    const PageSource& source = default_source();
    return source.purge != nullptr && source.purge(calls, pages, bytes);
}
bool default_resize(void* calls, void* pages, std::size_t old_bytes, void* target,
                    std::size_t new_bytes) {
    return default_source().resize(calls, pages, old_bytes, target, new_bytes);
}
std::size_t default_idle_bytes(void* calls) {
    const PageSource& source = default_source();
    return source.idle_bytes == nullptr ? 0 : source.idle_bytes(calls);
}

void use_default(emma_heap& heap) {
    heap.below = {.map = default_map,
                  .extend = default_extend,
                  .unmap = default_unmap,
                  .purge = default_purge,
                  .resize = default_resize,
                  .idle_bytes = default_idle_bytes,
                  .context = &heap.calls,
                  .shape = default_source().shape,
                  .origin = default_source().origin,
                  .system_calls = &heap.calls};
}

// ---- the program's functions -------------------------------------------------------------------

// Whatever the program's function yields, what core/ gets is aligned, at an address that it can
// keep, and zero.
void* map_by(const emma_page_source& functions, std::size_t bytes, std::size_t alignment) {
    void* const pages = functions.map(functions.context, bytes, alignment);
    if (pages == nullptr) return nullptr;
    const auto addr = reinterpret_cast<std::uintptr_t>(pages);
    if ((addr & (alignment - 1)) != 0 || !is_packable(addr, bytes)) {
        if (functions.unmap != nullptr) (void)functions.unmap(functions.context, pages, bytes);
        return nullptr;
    }
    if (!functions.gives_zeros) arch::zero_bytes(pages, bytes);
    return pages;
}

void* functions_map(void* context, std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    if (base != 0) return nullptr;  // pages do not move
    emma_heap& heap = heap_of(context);
    count_call(&heap.calls);
    return map_by(heap.functions, bytes, alignment);
}
Extension functions_extend(void*, std::uintptr_t, std::size_t) { return Extension::kTaken; }
bool functions_unmap(void* context, void* pages, std::size_t bytes) {
    emma_heap& heap = heap_of(context);
    // A copy: the heap itself may be what goes.
    const emma_page_source functions = heap.functions;
    if (functions.unmap == nullptr) return false;
    count_call(&heap.calls);
    return functions.unmap(functions.context, pages, bytes);
}
bool functions_purge(void* context, void* pages, std::size_t bytes) {
    emma_heap& heap = heap_of(context);
    count_call(&heap.calls);
    return heap.functions.purge(heap.functions.context, pages, bytes);
}
bool functions_resize(void*, void*, std::size_t, void*, std::size_t) { return false; }

void use_functions(emma_heap& heap, const emma_page_source& functions) {
    heap.functions = functions;
    heap.below = {.map = functions_map,
                  .extend = functions_extend,
                  .unmap = functions_unmap,
                  .purge = functions.purge == nullptr ? nullptr : functions_purge,
                  .resize = functions_resize,
                  .idle_bytes = nullptr,
                  .context = &heap,
                  // As modest about alignment as may be.
                  .shape = &kRegionShape,
                  .origin = 0,
                  .system_calls = &heap.calls};
}

// ---- which heaps there are ---------------------------------------------------------------------
// A heap that finds none of its places free is not known.

constexpr std::size_t kProbes = 16;

Atomic<emma_heap*>& place_of(const emma_heap* heap, std::size_t probe) {
    const std::uintptr_t mixed = (reinterpret_cast<std::uintptr_t>(heap) >> 6) * 0x9e3779b97f4a7c15;
    return g_heap_list.heaps[((mixed >> 32) + probe) % kListedHeaps];
}

void list(emma_heap* heap) {
    for (std::size_t probe = 0; probe < kProbes; ++probe) {
        emma_heap* expected = nullptr;
        // Release: who finds the heap here sees it whole.
        if (place_of(heap, probe)
                .compare_exchange(expected, heap, memory_order_release, memory_order_relaxed))
            return;
    }
    g_heap_list.some_are_unlisted.store(true, memory_order_relaxed);
}

// False: some panic may be looking into the heap. Sequentially consistent with ask_other_heaps():
// one of the two sees the other.
bool unlist(emma_heap* heap) {
    for (std::size_t probe = 0; probe < kProbes; ++probe)
        if (place_of(heap, probe).load(memory_order_relaxed) == heap)
            place_of(heap, probe).store(nullptr, memory_order_seq_cst);
    return g_heap_list.lookers.load(memory_order_seq_cst) == 0;
}

bool may_be_heap(const emma_heap* heap) {
    for (std::size_t probe = 0; probe < kProbes; ++probe)
        if (place_of(heap, probe).load(memory_order_relaxed) == heap) return true;
    return g_heap_list.some_are_unlisted.load(memory_order_relaxed);
}

bool owns(Instance& instance, std::uintptr_t addr) {
    return locate_guarded(instance.arenas, addr).live;
}

Misuse ask_other_heaps(std::uintptr_t addr) {
    g_heap_list.lookers.fetch_add(1, memory_order_seq_cst);
    bool is_live = owns(g_instance, addr);
    for (Atomic<emma_heap*>& place : g_heap_list.heaps)
        if (emma_heap* const heap = place.load(memory_order_seq_cst))
            is_live = is_live || owns(heap->instance, addr);
    g_heap_list.lookers.fetch_sub(1, memory_order_release);
    return is_live ? Misuse::kOtherHeap : Misuse::kInvalidPointer;
}

// ---- making ------------------------------------------------------------------------------------

emma_heap* place_in_region(const emma_heap_options& options, int& error) {
    if (!kBare && options.is_shared)
        return make_shared_place(options.region, options.region_bytes, error);
    Region* const region = Region::make(options.region, options.region_bytes, sizeof(emma_heap),
                                        Region::Fresh::kUnknown);
    error = region == nullptr ? kEinval : 0;
    if (region == nullptr) return nullptr;
    auto* const heap = static_cast<emma_heap*>(region->owner_room());
    heap->region = region;
    return heap;
}

// Room for a heap, all zero but for what its kind of region has put there.
emma_heap* place_for(const emma_heap_options& options, int& error) {
    if (options.region != nullptr) return place_in_region(options, error);
    const PageSource& system = default_source();
    void* const pages = options.source != nullptr
                            ? map_by(*options.source, kHeapBytes, kPageBytes)
                            : system.map(system.context, kHeapBytes, kPageBytes, 0);
    error = pages == nullptr ? kEnomem : 0;
    return static_cast<emma_heap*>(pages);
}

void use_source(emma_heap& heap, const emma_page_source* functions) {
    if (heap.region != nullptr) {
        heap.below = heap.region->source();
        if (heap.is_shared) {
            heap.shape = *heap.below.shape;
            heap.below.shape = &heap.shape;
        }
    } else if (functions != nullptr) {
        use_functions(heap, *functions);
    } else {
        use_default(heap);
    }
    use_front(heap);
}

// 0, or the error number; a size that is too small says the least that would do.
int check(const emma_heap_options& options) {
    const bool has_region = options.region != nullptr || options.region_bytes != 0;
    const bool has_source = options.source != nullptr;
    std::size_t least = 0;
    const std::size_t least_region =
        options.is_shared ? EMMA_HEAP_LEAST_SHARED_REGION : EMMA_HEAP_LEAST_REGION;
    if (has_region && options.region_bytes < least_region) least = least_region;
    if (options.limit_bytes != 0 && options.limit_bytes < EMMA_HEAP_LEAST_LIMIT)
        least = EMMA_HEAP_LEAST_LIMIT;
    if (options.least_bytes != nullptr) *options.least_bytes = least;
    const bool is_good = least == 0 && !(has_region && has_source) &&
                         !(has_region && options.region == nullptr) &&
                         !(options.is_shared && (kBare || !has_region)) &&
                         !(has_source && options.source->map == nullptr);
    return is_good ? 0 : kEinval;
}

}  // namespace

void open_heap(emma_heap& heap, const emma_page_source* functions) {
    use_source(heap, functions);
    heap.instance.arenas.pages().use(heap.front);
    heap.magic = kMagic;
    list(&heap);
    g_ask_other_heaps.store(ask_other_heaps, memory_order_relaxed);
}

emma_heap* make_heap(const emma_heap_options& options, int& error) {
    error = check(options);
    if (error != 0) return nullptr;
    emma_heap* const heap = place_for(options, error);
    if (heap == nullptr) return nullptr;
    heap->limit_bytes = options.limit_bytes != 0 ? options.limit_bytes : ~std::size_t{0};
    if (heap->region == nullptr) heap->held_bytes.store(kHeapBytes, memory_order_relaxed);
    // All else in it is zero, which is valid. No thread holds a heap of it between operations, so
    // there is nobody to ask the system about.
    heap->instance.heaps.stop_asking();
    open_heap(*heap, options.source);
    if (!kBare && heap->is_shared) publish_shared(*heap, options.region_bytes);
    return heap;
}

void end_heap(emma_heap* heap) {
    Instance& instance = instance_of(heap);
    heap->magic = 0;
    // The program is about to end by a panic: then the pages may stay.
    if (!unlist(heap) || heap->region != nullptr) return;
    instance.unmap_all();
    // A copy, as the functions are read before the pages go.
    const PageSource below = heap->below;
    (void)below.unmap(below.context, heap, kHeapBytes);
}

bool is_open(const emma_heap* heap) { return heap->magic == kMagic; }

Instance& instance_of(emma_heap* heap) {
    const bool may_be_read = heap != nullptr && (!kChecks || may_be_heap(heap));
    if (!may_be_read || !is_open(heap)) panic(Misuse::kInvalidPointer, heap, 0);
    return heap->instance;
}

}  // namespace emma

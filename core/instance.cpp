// SPDX-License-Identifier: MIT OR Apache-2.0
// The operations on an instance: choosing between slabs and large objects, zeroing, resizing, and
// sending a free to the heap that it belongs to.
#include "core/instance.h"

#include "arch/arch.h"
#include "core/error_number.h"
#include "core/large.h"

namespace emma {

constinit Instance g_instance;
constinit ThreadHeap g_no_heap{};

#if EMMA_TLS == 1
constinit thread_local Atomic<ThreadHeap*> t_heap{&g_no_heap};
#endif

#if EMMA_HEAP_SLOT == 2
// Two copies of Emma that noted their heaps in one word would hand out each other's objects. This
// name has no prefix in any copy, so that the linker refuses a second one with the same offset.
#define EMMA_TEXT_OF(x) #x
#define EMMA_SLOT_NAME(offset) "emma_one_copy_at_gs_" EMMA_TEXT_OF(offset)
extern const char kOnlyCopyAtOffset __asm__(EMMA_SLOT_NAME(EMMA_HEAP_SLOT_OFFSET));
[[gnu::used]] constexpr const char kOnlyCopyAtOffset = 0;
#endif

namespace {

bool is_medium_or_less(SizeClass c) { return raw(c) < kSizeClassCount; }

// The least class that holds `bytes` in slots of that alignment; kSizeClassCount: none.
SizeClass class_for(const Shape& shape, std::size_t bytes, std::size_t alignment) {
    constexpr auto kNone = SizeClass(kSizeClassCount);
    if (alignment > bytes) bytes = alignment;
    if (bytes > shape.slab_max_bytes || alignment > shape.slice_bytes()) return kNone;
    SizeClass size_class = size_class_for(bytes);
    // Ends at slab_max_bytes at the latest, a multiple of a slice.
    while ((geometry(size_class).slot_bytes & (alignment - 1)) != 0)
        size_class = SizeClass(static_cast<std::uint8_t>(raw(size_class) + 1));
    return size_class;
}

// Whether an object of these arguments is given a slot of `held` bytes where memory is not short.
bool asks_for(const Shape& shape, std::size_t bytes, std::size_t alignment, std::size_t held) {
    const SizeClass size_class = class_for(shape, bytes, alignment);
    return is_medium_or_less(size_class) && geometry(size_class).slot_bytes == held;
}

// Whether a run of these arguments has so many slices.
bool asks_for_run(const Shape& shape, std::size_t bytes, std::size_t alignment, unsigned slices) {
    return !is_medium_or_less(class_for(shape, bytes, alignment)) &&
           alignment <= shape.run_max_alignment &&
           shape.slice_count_for(bytes == 0 ? 1 : bytes) == slices;
}

// CHECKS builds: whether a live object cannot be one of these arguments. Marked is what memory was
// too short for: it may be of any smaller size. A huge object may have been meant to be a run, but
// is of its size in pages all the same.
bool contradicts(const Shape& shape, const Place& place, std::size_t bytes, std::size_t alignment) {
    if (bytes > place.bytes) return true;
    if (place.kind == Place::kHuge)
        return is_medium_or_less(class_for(shape, bytes, alignment)) ||
               align_up(bytes == 0 ? 1 : bytes, kPageBytes) != place.bytes;
    const bool is_marked = place.kind == Place::kSlot ? is_oversized(place.slab, place.slot)
                                                      : place.slab->uncounted != 0;
    const bool is_natural = place.kind == Place::kSlot
                                ? asks_for(shape, bytes, alignment, place.bytes)
                                : asks_for_run(shape, bytes, alignment, place.slab->slice_count);
    return is_natural == is_marked;
}

// Slots are multiples of 16 bytes at multiples of 16.
void zero_object(void* object, std::size_t bytes) {
    arch::zero_bytes(object, align_up(bytes, kMinAlignment));
}

}  // namespace

// ---- heaps for operations ----------------------------------------------------------------------

bool attach_thread(bool abandon_occupied) {
    if (!kOwnHeaps) return true;
    if (kHosted && !thread_may_attach()) return false;
    ThreadHeap* const present = t_heap.load(memory_order_relaxed);
    const bool has_one = present != &g_no_heap;
    if (has_one && (present->is_open() || !abandon_occupied)) return true;
    ThreadHeap* const heap = g_instance.heaps.acquire_for_this_thread(g_instance.arenas);
    if (heap == nullptr) return false;
    // A signal handler may have attached the thread meanwhile; then its heap stays.
    ThreadHeap* expected = present;
    if (!t_heap.compare_exchange(expected, heap, memory_order_relaxed, memory_order_relaxed)) {
        HeapPool::release(heap);
        return true;
    }
    // What keeps the thread out of its old heap may be a visitor: then others can have it later.
    if (present->busy.is_unoccupied()) HeapPool::release(present);
    if (heap->was_held.load(memory_order_relaxed))
        g_instance.adoptions.fetch_add(1, memory_order_relaxed);
    heap->was_held.store(true, memory_order_relaxed);
    // What was freed since it was left is used before slots further on.
    heap->drain();
    return true;
}

void detach_thread() {
    ThreadHeap* const heap = t_heap.load(memory_order_relaxed);
    if (!heap->busy.is_unoccupied()) return;  // nor is g_no_heap
    t_heap.store(&g_no_heap, memory_order_relaxed);
    signal_fence();  // a handler must not find the heap here once another thread may have it
    // What is free may go back, though no thread may ever want the heap again.
    heap->drain();
    HeapPool::release(heap);
}

bool HeapLease::enter_own(Instance& instance) {
    if (!kOwnHeaps || &instance != &g_instance) return false;
    if (current_heap() == &g_no_heap && !attach_thread(false)) return false;
    ThreadHeap* const own = current_heap();
    instance.heaps.settle(own);
    if (!own->enter() && !(enter_left_heap != nullptr && enter_left_heap(instance.heaps, own)))
        return false;
    heap_ = own;
    return true;
}

bool HeapLease::enter_borrowed(Instance& instance, ThreadHeap* heap) {
    if (!heap->enter()) {
        HeapPool::release(heap);
        return false;
    }
    heap_ = heap;
    heap->borrower.store(current_heap(), memory_order_relaxed);
    const std::size_t before = instance.borrows.fetch_add(1, memory_order_relaxed);
    if (note_borrow != nullptr) note_borrow(instance.heaps, name_.unnumbered(), heap, before);
    return true;
}

// Every round but the last meets a visitor that came just then, and acquire() avoids its heap.
HeapLease::HeapLease(Instance& instance) {
    if (enter_own(instance)) return;
    while (ThreadHeap* const heap = instance.heaps.acquire(name_.holder(), instance.arenas))
        if (enter_borrowed(instance, heap)) return;
}

HeapLease::HeapLease(Instance& instance, ThreadHeap* wanted) {
    if (current_heap() == wanted) {
        (void)enter_own(instance);
        return;
    }
    // Of no thread: else what is freed in it would wait for a thread that adopts it.
    if (HeapPool::try_acquire(wanted, name_.holder())) (void)enter_borrowed(instance, wanted);
}

HeapLease::~HeapLease() {
    if (heap_ == nullptr) return;
    heap_->leave();
    if (heap_->borrower.load(memory_order_relaxed) == nullptr) return;
    heap_->borrower.store(nullptr, memory_order_relaxed);
    HeapPool::release(heap_);
}

// ---- allocating --------------------------------------------------------------------------------

void* Instance::allocate(std::size_t bytes, std::size_t alignment, Contents contents) {
    if constexpr (kLeakReport) link_leak_report();
    const SizeClass size_class = class_for(arenas.shape(), bytes, alignment);
    void* object = nullptr;
    bool zeroed = false;
    if (is_medium_or_less(size_class)) {
        HeapLease heap(*this);
        if (heap) object = heap->allocate(size_class, &zeroed, alignment);
    } else if (bytes <= kMaxRequestBytes) {
        const LargeObject large = allocate_large(arenas, bytes, alignment);
        object = large.start;
        zeroed = large.zeroed;
    }
    if (contents == Contents::kZeroed && object != nullptr && !zeroed) zero_object(object, bytes);
    if (kBare && object == nullptr && this == &g_instance)
        return allocate_in_pieces(bytes, alignment, contents);
    return object;
}

// ---- freeing -----------------------------------------------------------------------------------

void Instance::release(void* pointer) {
    if (pointer == nullptr) return;
    const Place place = prove(arenas, pointer, Misuse::kDoubleFree);
    if (place.kind == Place::kSlot) return release_slot(place);
    const bool done = place.kind == Place::kRun
                          ? free_run(arenas, place.slab)
                          : free_huge(arenas, reinterpret_cast<std::uintptr_t>(pointer));
    // Proved live, and yet another thread was first.
    if (!done) panic(Misuse::kDoubleFree, pointer, place.bytes);
}

void Instance::check_size(const void* pointer, std::size_t bytes, std::size_t alignment,
                          Misuse if_free) const {
    if (!kChecks) return;
    const Place place = prove(arenas, pointer, if_free);
    const bool is_aligned = is_power_of_two(alignment) &&
                            (reinterpret_cast<std::uintptr_t>(pointer) & (alignment - 1)) == 0;
    if (!is_aligned || contradicts(arenas.shape(), place, bytes, alignment))
        panic(Misuse::kWrongSize, pointer, place.bytes);
}

void Instance::release_slot(const Place& place) {
    ThreadHeap* const home = place.slab->owner.heap();
    if (kChecks) set_oversized(place.slab, place.slot, false);
    HeapLease lease(*this, home);
    if (lease) {
        lease->put(place.slab, place.slot);
    } else if (home->put_remote(place.slab, place.slot)) {
        note_push_if_linked(heaps, current_heap());
    }
}

// ---- resizing ----------------------------------------------------------------------------------

bool Instance::resize_in_place(const Place& place, std::size_t alignment, std::size_t bytes) {
    if (kChecks && place.kind == Place::kSlot) {
        if (!asks_for(arenas.shape(), bytes, alignment, place.bytes)) return false;
        set_oversized(place.slab, place.slot, false);
        return true;
    }
    if (place.kind == Place::kSlot) return stays_in_slot(place.bytes, bytes);
    return place.kind == Place::kRun && resize_run(arenas, place.slab, bytes);
}

// Whether an object stays where it is because there is no memory for a smaller place; CHECKS builds
// mark it. They have no mark for huge objects.
bool Instance::stays_oversized(const Place& place, std::size_t bytes) {
    if (bytes > place.bytes || (kChecks && place.kind == Place::kHuge)) return false;
    if (kChecks && place.kind == Place::kSlot) set_oversized(place.slab, place.slot, true);
    if (kChecks && place.kind == Place::kRun) place.slab->uncounted = 1;
    return true;
}

void* Instance::resize(void* pointer, std::size_t alignment, std::size_t bytes) {
    const Place place = prove(arenas, pointer, Misuse::kUseAfterFree);
    if (resize_in_place(place, alignment, bytes)) return pointer;
    if (bytes > kMaxRequestBytes) return nullptr;
    if (place.kind == Place::kHuge)
        if (void* const moved =
                resize_huge(arenas, reinterpret_cast<std::uintptr_t>(pointer), alignment, bytes))
            return moved;
    Instance& target = kBare && this == second_instance() ? g_instance : *this;
    void* const fresh = target.allocate(bytes, alignment, Contents::kAny);
    if (fresh == nullptr) return stays_oversized(place, bytes) ? pointer : nullptr;
    arch::copy_bytes(fresh, pointer, bytes < place.bytes ? bytes : place.bytes);
    release(pointer);
    return fresh;
}

}  // namespace emma

// ---- the thread's end: in this file, so that whoever allocates has it linked

EMMA_PUBLIC void emma_thread_detach(void) noexcept { emma::detach_thread(); }

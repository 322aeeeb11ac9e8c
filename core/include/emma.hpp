// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Emma's C++ interface: emma::Allocator<T> for the standard containers over the default instance,
// emma::Heap for a heap of one's own with emma::HeapAllocator<T> over it, and where the standard
// library is hosted emma::memory_resource over either for the containers of std::pmr. C++17 and
// later, hosted or freestanding, with or without exceptions and run-time type information.
//
// Everything here may be used by any thread and in signal handlers, and never waits for another
// thread. When memory is exhausted it behaves as operator new does ([new.delete.single]/4): the
// new-handler is called as long as there is one; then std::bad_alloc is thrown in hosted code with
// exceptions, and in all other code the panic handler is called (EMMA_PANIC_OUT_OF_MEMORY).
#ifndef EMMA_HPP
#define EMMA_HPP

#include <emma.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

#if __STDC_HOSTED__ && __has_include(<memory_resource>)
#include <memory_resource>
#endif

#if __STDC_HOSTED__ && defined(__cpp_exceptions)
#define EMMA_THROW_OR_PANIC(exception) throw exception
#else
#define EMMA_THROW_OR_PANIC(exception) emma_out_of_memory()
#endif

// The inline namespace keeps these names apart from the library's own in the linker's eyes.
namespace emma {
inline namespace api {

// Not for use outside this header.
namespace detail {

// What `allocate` yields, asked again as long as it yields null and there is a new-handler.
template <typename Allocate>
void* insist(Allocate allocate) {
    for (;;) {
        if (void* const object = allocate()) return object;
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) EMMA_THROW_OR_PANIC(std::bad_alloc());
        handler();
    }
}

// Two functions, so that a program without heaps of its own does not link them.
inline void* allocate(std::size_t size, std::size_t alignment) {
    return insist([=] { return emma_alloc(size, alignment); });
}
inline void* allocate(emma_heap* heap, std::size_t size, std::size_t alignment) {
    return insist([=] { return emma_heap_alloc(heap, size, alignment); });
}

}  // namespace detail

// An allocator that takes its memory from Emma's default instance ([allocator.requirements]), for
// types of any alignment. It has no state: all are equal, and memory of one may go back through
// another, on any thread.
template <typename T>
class Allocator {
  public:
    using value_type = T;
    using propagate_on_container_move_assignment = std::true_type;
    using is_always_equal = std::true_type;

    constexpr Allocator() noexcept = default;
    template <typename Other>
    constexpr Allocator(const Allocator<Other>&) noexcept {}

    // Memory for `count` objects, aligned for T and at least to 16. Fails as said above; where the
    // size exceeds max_size() with std::bad_array_new_length, without asking the new-handler.
    [[nodiscard]] T* allocate(std::size_t count) {
        if (count > max_size()) EMMA_THROW_OR_PANIC(std::bad_array_new_length());
        return static_cast<T*>(detail::allocate(count * sizeof(T), alignof(T)));
    }

    // Gives back what allocate(count) returned. CHECKS builds verify `count`.
    void deallocate(T* objects, std::size_t count) noexcept {
        emma_dealloc(objects, count * sizeof(T), alignof(T));
    }

    // The greatest `count` whose bytes can be told apart by a difference of pointers.
    static constexpr std::size_t max_size() noexcept {
        return static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(T);
    }

    template <typename Other>
    constexpr bool operator==(const Allocator<Other>&) const noexcept {
        return true;
    }
    template <typename Other>
    constexpr bool operator!=(const Allocator<Other>&) const noexcept {
        return false;
    }
};

// A heap of one's own, owned: destroyed with this object, whatever is still allocated in it. Any
// thread may allocate and free; making, moving and destroying it is the business of one.
class Heap {
  public:
    // As emma_heap_create; where that fails the Heap is empty. Never throws.
    explicit Heap(const emma_heap_options& options = {}) noexcept
        : heap_(emma_heap_create(&options)) {}
    // In `bytes` bytes of memory at `region`, without any system call.
    // Empty where `region` is null or too small.
    Heap(void* region, std::size_t bytes) noexcept
        : heap_(region == nullptr ? nullptr : Heap(in_region(region, bytes)).release()) {}
    // As emma_heap_attach; empty where that fails.
    static Heap attach(void* region, std::size_t bytes, unsigned process) noexcept {
        return Heap(emma_heap_attach(region, bytes, process));
    }
    Heap(Heap&& other) noexcept : heap_(other.release()) {}
    Heap& operator=(Heap&& other) noexcept {
        emma_heap* const old = heap_;
        heap_ = other.release();
        if (old != heap_) emma_heap_destroy(old);
        return *this;
    }
    ~Heap() { emma_heap_destroy(heap_); }

    explicit operator bool() const noexcept { return heap_ != nullptr; }
    // For the functions of the C interface.
    emma_heap* get() const noexcept { return heap_; }
    // Gives the heap away, undestroyed.
    emma_heap* release() noexcept {
        emma_heap* const heap = heap_;
        heap_ = nullptr;
        return heap;
    }

    // As the functions of the C interface; not on an empty Heap.
    [[nodiscard]] void* alloc(std::size_t size,
                              std::size_t alignment = alignof(std::max_align_t)) noexcept {
        return emma_heap_alloc(heap_, size, alignment);
    }
    void free(void* object) noexcept { emma_heap_free(heap_, object); }
    bool owns(const void* object) const noexcept { return emma_heap_owns(heap_, object); }
    std::size_t trim() noexcept { return emma_heap_trim(heap_); }

  private:
    explicit Heap(emma_heap* heap) noexcept : heap_(heap) {}
    static emma_heap_options in_region(void* region, std::size_t bytes) noexcept {
        emma_heap_options options{};
        options.region = region;
        options.region_bytes = bytes;
        return options;
    }
    emma_heap* heap_;
};

// An allocator over a Heap ([allocator.requirements]), which must outlive all that it allocated.
// Those of one heap are equal. Containers keep theirs on assignment and swap, as with std::pmr.
template <typename T>
class HeapAllocator {
  public:
    using value_type = T;

    HeapAllocator(const Heap& heap) noexcept : heap_(heap.get()) {}
    template <typename Other>
    HeapAllocator(const HeapAllocator<Other>& other) noexcept : heap_(other.heap()) {}

    // As Allocator<T>::allocate.
    [[nodiscard]] T* allocate(std::size_t count) {
        if (count > Allocator<T>::max_size()) EMMA_THROW_OR_PANIC(std::bad_array_new_length());
        return static_cast<T*>(detail::allocate(heap_, count * sizeof(T), alignof(T)));
    }
    void deallocate(T* objects, std::size_t) noexcept { emma_heap_free(heap_, objects); }

    static constexpr std::size_t max_size() noexcept { return Allocator<T>::max_size(); }
    emma_heap* heap() const noexcept { return heap_; }

    template <typename Other>
    bool operator==(const HeapAllocator<Other>& other) const noexcept {
        return heap_ == other.heap();
    }
    template <typename Other>
    bool operator!=(const HeapAllocator<Other>& other) const noexcept {
        return heap_ != other.heap();
    }

  private:
    emma_heap* heap_;
};

#if __STDC_HOSTED__ && __has_include(<memory_resource>)

// Emma's default instance, or a Heap, as a memory resource ([mem.res.class]). With run-time type
// information those of one heap are equal, without it each only to itself. Give it to
// std::pmr::set_default_resource() or to a single container; it and the heap must outlive its
// users.
class memory_resource final : public std::pmr::memory_resource {
  public:
    memory_resource() noexcept = default;
    explicit memory_resource(const Heap& heap) noexcept : heap_(heap.get()) {}

  private:
    // `alignment` is a power of two.
    void* do_allocate(std::size_t size, std::size_t alignment) override {
        return heap_ == nullptr ? detail::allocate(size, alignment)
                                : detail::allocate(heap_, size, alignment);
    }
    void do_deallocate(void* object, std::size_t size, std::size_t alignment) override {
        if (heap_ == nullptr) return emma_dealloc(object, size, alignment);
        emma_heap_free(heap_, object);
    }
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
#if defined(__cpp_rtti)
        const auto* const same_kind = dynamic_cast<const memory_resource*>(&other);
        return same_kind != nullptr && same_kind->heap_ == heap_;
#else
        return this == &other;
#endif
    }

    emma_heap* heap_ = nullptr;
};

#endif  // a hosted standard library

}  // namespace api
}  // namespace emma

#undef EMMA_THROW_OR_PANIC

#endif  // EMMA_HPP

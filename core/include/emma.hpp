// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Emma's C++ interface, over the default instance: emma::Allocator<T> for the standard containers,
// and where the standard library is hosted emma::memory_resource for those of std::pmr. C++17 and
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

namespace emma {

// Not for use outside this header.
namespace detail {

inline void* allocate(std::size_t size, std::size_t alignment) {
    for (;;) {
        if (void* const object = emma_alloc(size, alignment)) return object;
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) EMMA_THROW_OR_PANIC(std::bad_alloc());
        handler();
    }
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

#if __STDC_HOSTED__ && __has_include(<memory_resource>)

// Emma's default instance as a memory resource ([mem.res.class]). It has no state; with run-time
// type information all are equal, without it each only to itself. Give it to
// std::pmr::set_default_resource() or to a single container; it must outlive its users.
class memory_resource final : public std::pmr::memory_resource {
    // `alignment` is a power of two.
    void* do_allocate(std::size_t size, std::size_t alignment) override {
        return detail::allocate(size, alignment);
    }
    void do_deallocate(void* object, std::size_t size, std::size_t alignment) override {
        emma_dealloc(object, size, alignment);
    }
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
#if defined(__cpp_rtti)
        return dynamic_cast<const memory_resource*>(&other) != nullptr;
#else
        return this == &other;
#endif
    }
};

#endif  // a hosted standard library

}  // namespace emma

#undef EMMA_THROW_OR_PANIC

#endif  // EMMA_HPP

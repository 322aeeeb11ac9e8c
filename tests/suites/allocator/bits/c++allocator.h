// SPDX-License-Identifier: MIT OR Apache-2.0
//
// In place of libstdc++'s header of this name, which says what std::allocator is derived from: here
// from emma::Allocator, so that libstdc++'s tests of the containers run on it unchanged
// (tests/suites/allocator.sh). C++17 and later. <emma.hpp> comes without emma::memory_resource:
// that one needs <vector>, which needs this header.
#ifndef EMMA_SUITES_CXX_ALLOCATOR_H
#define EMMA_SUITES_CXX_ALLOCATOR_H

#include <bits/functexcept.h>
#include <emma.hpp>

namespace std {

template <typename T>
struct EmmaAllocatorBase : emma::Allocator<T> {
    using emma::Allocator<T>::allocate;
    // What libstdc++ calls on std::allocator itself: with a hint, which is ignored, and up to C++17
    // these two.
    T* allocate(size_t count, const void*) { return emma::Allocator<T>::allocate(count); }
    template <typename Object, typename... Arguments>
    void construct(Object* place, Arguments&&... arguments) {
        ::new (const_cast<void*>(static_cast<const volatile void*>(place)))
            Object(static_cast<Arguments&&>(arguments)...);
    }
    template <typename Object>
    void destroy(Object* object) {
        object->~Object();
    }
};
template <typename T>
using __allocator_base = EmmaAllocatorBase<T>;

}  // namespace std

#endif

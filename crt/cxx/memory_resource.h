// SPDX-License-Identifier: MIT OR Apache-2.0
// std::pmr::memory_resource as libstdc++ has it in its binary interface: the order of the table is
// that of the functions below. Its table is made where its destructor is (memory_resource.cpp).
#pragma once

#include <cstddef>

#include "crt/public.h"

// The class and its table are public, and weak: clang says so by an attribute, gcc has to tell the
// assembler.
#if defined(__clang__)
#define EMMA_CRT_PUBLIC_CLASS EMMA_CRT_PUBLIC
#define EMMA_CRT_WEAK_TABLE(symbol)
#else
#define EMMA_CRT_PUBLIC_CLASS __attribute__((visibility("default")))
#define EMMA_CRT_WEAK_TABLE(symbol) asm(".weak " symbol)
#endif

namespace std::pmr {

class EMMA_CRT_PUBLIC_CLASS memory_resource {
  public:
    constexpr memory_resource() = default;
    memory_resource(const memory_resource&) = default;
    memory_resource& operator=(const memory_resource&) = default;
    virtual ~memory_resource();

    void* allocate(std::size_t size, std::size_t alignment) { return do_allocate(size, alignment); }
    void deallocate(void* object, std::size_t size, std::size_t alignment) {
        do_deallocate(object, size, alignment);
    }

  private:
    virtual void* do_allocate(std::size_t size, std::size_t alignment) = 0;
    virtual void do_deallocate(void* object, std::size_t size, std::size_t alignment) = 0;
    virtual bool do_is_equal(const memory_resource& other) const noexcept = 0;
};

}  // namespace std::pmr

// SPDX-License-Identifier: MIT OR Apache-2.0
// What the forms of operator new share. The forms are in archive members of their own, so that a
// program may define any of them; each calls the form that the standard says it calls.
#pragma once

#include <cstddef>
#include <new>

#include "core/include/emma.h"

#if !defined(__clang__)  // gcc wants the sized and unsized forms in one file
#pragma GCC diagnostic ignored "-Wsized-deallocation"
#pragma GCC diagnostic ignored "-Wmissing-attributes"  // of an alias: nothing calls it
#endif

// Weak: a program may replace any form, also where it links the archive whole.
#define EMMA_REPLACEABLE __attribute__((visibility("default"), weak))

// What exceptions.o has too, with exceptions, for programs that have them.
#if defined(__cpp_exceptions)
#define EMMA_UNLESS_CAUGHT
#else
#define EMMA_UNLESS_CAUGHT [[gnu::weak]]
#endif

namespace emma {

// The loop of [new.delete.single]/4: as long as there is a new-handler it is called and memory
// asked for again. Without one, or where it throws: null where `may_fail`, else the exception, or a
// panic in a program without a C++ library.
void* allocate_with_handler(std::size_t size, std::size_t alignment, bool may_fail);

// The handler that the program set, or null.
std::new_handler current_new_handler();

// Whether the handler came back: one that throws says that there is no memory ([new.handler]/2).
bool returns(std::new_handler handler);

// Throws std::bad_alloc. Returns if the program has no C++ library with exceptions.
void throw_bad_alloc();

// What that takes of the C++ library; null what it lacks.
struct BadAlloc {
    void* (*allocate)(std::size_t size);
    void (*raise_exception)(void* exception, void* type, void (*destroy)(void*));
    void (*destroy)(void* exception);
    void** table;
    void* type;

    // An object of the class is the address of its table, behind the offset and the type.
    void raise() const {
        if (allocate == nullptr || raise_exception == nullptr || destroy == nullptr ||
            table == nullptr || type == nullptr) {
            return;
        }
        auto** const exception = static_cast<void***>(allocate(sizeof(void*)));
        *exception = table + 2;
        raise_exception(exception, type, destroy);
    }
};

// The default forms by second names, which no program has: aliases in the forms' own files. Null:
// the program replaced the form, and the default is not in it.
[[gnu::weak]] void* default_new(std::size_t size);
[[gnu::weak]] void* default_new_aligned(std::size_t size, std::align_val_t alignment);
[[gnu::weak]] void* default_new_array(std::size_t size);
[[gnu::weak]] void* default_new_array_aligned(std::size_t size, std::align_val_t alignment);

// Whether `form` is the default. The compiler would say that two functions are never one.
template <typename Form>
bool is_default(Form* form, Form* own) {
    asm("" : "+r"(form));
    return form == own;
}

// What the nothrow forms are to return by [new.delete.single]/7 if the throwing form is not
// array's: what that form returns, or null where it would throw.
void* new_or_null(std::size_t size);
void* new_or_null(std::size_t size, std::align_val_t alignment);

// What a replaced form returns, or null if it throws.
void* call_or_null(void* (*form)(std::size_t), std::size_t size);
void* call_or_null(void* (*form)(std::size_t, std::align_val_t), std::size_t size,
                   std::align_val_t alignment);

// CHECKS builds: panics where `object` is a live object of Emma's that these arguments cannot have
// yielded. An object of a replaced operator new is none of its business.
#if EMMA_CHECKS == 1
void verify_size(const void* object, std::size_t size, std::size_t alignment);
#else
inline void verify_size(const void*, std::size_t, std::size_t) {}
#endif

}  // namespace emma

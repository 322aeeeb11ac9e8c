// SPDX-License-Identifier: MIT OR Apache-2.0
// What the forms of operator new share. The forms are in archive members of their own, so that a
// program may define any of them; each calls the form that the standard says it calls.
#pragma once

#include <cstddef>
#include <new>

#include "core/include/emma.h"

#if !defined(__clang__)  // gcc wants the sized and unsized forms in one file
#pragma GCC diagnostic ignored "-Wsized-deallocation"
#endif

#define EMMA_REPLACEABLE __attribute__((visibility("default")))

namespace emma {

// The loop of [new.delete.single]/4: as long as there is a new-handler it is called and memory
// asked for again. Without one: null where `may_fail`, else a panic, since there are no exceptions
// here.
void* allocate_with_handler(std::size_t size, std::size_t alignment, bool may_fail);

// CHECKS builds: panics where `object` is a live object of Emma's that these arguments cannot have
// yielded. An object of a replaced operator new is none of its business.
#if EMMA_CHECKS == 1
void verify_size(const void* object, std::size_t size, std::size_t alignment);
#else
inline void verify_size(const void*, std::size_t, std::size_t) {}
#endif

}  // namespace emma

// SPDX-License-Identifier: MIT OR Apache-2.0
// What the nothrow forms of operator new catch: an exception of the new-handler or of a replaced
// form. The archive has it without exceptions: what is thrown ends in std::terminate. exceptions.o
// has it with them.
#include "core/api/new.h"
#include "core/config.h"

#if defined(__cpp_exceptions) && EMMA_BARE == 0

// The C++ library's part in it: weak, since a program without one throws nothing.
asm(".weak __gxx_personality_v0\n"
    ".weak __cxa_begin_catch\n"
    ".weak __cxa_end_catch");

// Calls, and returns `otherwise` where that throws.
template <typename Result, typename Call>
static Result caught(Result otherwise, Call call) {
    try {
        return call();
    } catch (...) {
        return otherwise;
    }
}
#else
template <typename Result, typename Call>
static Result caught(Result, Call call) {
    return call();
}
#endif

EMMA_UNLESS_CAUGHT bool emma::returns(std::new_handler handler) {
    return caught(false, [&] { return handler(), true; });
}

EMMA_UNLESS_CAUGHT void* emma::call_or_null(void* (*form)(std::size_t), std::size_t size) {
    return caught<void*>(nullptr, [&] { return form(size); });
}

EMMA_UNLESS_CAUGHT void* emma::call_or_null(void* (*form)(std::size_t, std::align_val_t),
                                            std::size_t size, std::align_val_t alignment) {
    return caught<void*>(nullptr, [&] { return form(size, alignment); });
}

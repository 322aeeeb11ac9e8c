// SPDX-License-Identifier: MIT OR Apache-2.0
// What the headers of libstdc++ call where they would throw, for programs without exceptions that
// use <vector>, <string>, <function> and the like: a line that names the exception, and a trap.
// libc++ ends in std::__libcpp_verbose_abort or abort by itself.
#include "crt/panic.h"
#include "crt/public.h"

namespace std {

#define EMMA_CRT_THROWS(function, exception, ...)                            \
    [[noreturn]] EMMA_CRT_PUBLIC void function(__VA_ARGS__) {                \
        emma::crt::panic("emma: " exception " thrown without exceptions\n"); \
    }

EMMA_CRT_THROWS(__throw_bad_alloc, "std::bad_alloc")
EMMA_CRT_THROWS(__throw_bad_array_new_length, "std::bad_array_new_length")
EMMA_CRT_THROWS(__throw_bad_function_call, "std::bad_function_call")
EMMA_CRT_THROWS(__throw_bad_cast, "std::bad_cast")
EMMA_CRT_THROWS(__throw_logic_error, "std::logic_error", const char*)
EMMA_CRT_THROWS(__throw_domain_error, "std::domain_error", const char*)
EMMA_CRT_THROWS(__throw_invalid_argument, "std::invalid_argument", const char*)
EMMA_CRT_THROWS(__throw_length_error, "std::length_error", const char*)
EMMA_CRT_THROWS(__throw_out_of_range, "std::out_of_range", const char*)
EMMA_CRT_THROWS(__throw_out_of_range_fmt, "std::out_of_range", const char*, ...)
EMMA_CRT_THROWS(__throw_runtime_error, "std::runtime_error", const char*)
EMMA_CRT_THROWS(__throw_range_error, "std::range_error", const char*)
EMMA_CRT_THROWS(__throw_overflow_error, "std::overflow_error", const char*)
EMMA_CRT_THROWS(__throw_underflow_error, "std::underflow_error", const char*)
EMMA_CRT_THROWS(__throw_system_error, "std::system_error", int)

#undef EMMA_CRT_THROWS

// libstdc++'s own assertions (-D_GLIBCXX_ASSERTIONS).
[[noreturn]] EMMA_CRT_PUBLIC void __glibcxx_assert_fail(const char*, int, const char*,
                                                        const char*) {
    emma::crt::panic("emma: assertion of the C++ library failed\n");
}

__attribute__((noreturn)) EMMA_CRT_PUBLIC void terminate() noexcept {
    emma::crt::panic("emma: std::terminate called\n");
}

}  // namespace std

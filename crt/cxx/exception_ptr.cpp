// SPDX-License-Identifier: MIT OR Apache-2.0
// std::exception_ptr and its like, of which code without exceptions holds only empty ones (a
// coroutine's promise names them).
#include "crt/panic.h"
#include "crt/public.h"

namespace std {

namespace __exception_ptr {

class exception_ptr {
    void* object_;

  public:
    exception_ptr() noexcept;
    exception_ptr(const exception_ptr& other) noexcept;
    ~exception_ptr() noexcept;
    exception_ptr& operator=(const exception_ptr& other) noexcept;
    void swap(exception_ptr& other) noexcept;
    explicit operator bool() const noexcept;

  private:
    void _M_addref() noexcept;
    void _M_release() noexcept;
};

EMMA_CRT_PUBLIC exception_ptr::exception_ptr() noexcept : object_(nullptr) {}
EMMA_CRT_PUBLIC exception_ptr::exception_ptr(const exception_ptr& other) noexcept = default;
EMMA_CRT_PUBLIC exception_ptr::~exception_ptr() noexcept {}
EMMA_CRT_PUBLIC exception_ptr& exception_ptr::operator=(const exception_ptr& other) noexcept =
    default;
EMMA_CRT_PUBLIC void exception_ptr::swap(exception_ptr& other) noexcept {
    void* const object = object_;
    object_ = other.object_;
    other.object_ = object;
}
EMMA_CRT_PUBLIC exception_ptr::operator bool() const noexcept { return object_ != nullptr; }
EMMA_CRT_PUBLIC void exception_ptr::_M_addref() noexcept {}
EMMA_CRT_PUBLIC void exception_ptr::_M_release() noexcept {}

}  // namespace __exception_ptr

using __exception_ptr::exception_ptr;

EMMA_CRT_PUBLIC exception_ptr current_exception() noexcept { return {}; }

EMMA_CRT_PUBLIC bool uncaught_exception() noexcept { return false; }
EMMA_CRT_PUBLIC int uncaught_exceptions() noexcept { return 0; }

// clang refuses [[noreturn]] on a declaration after the first; this is the first.
[[noreturn]] EMMA_CRT_PUBLIC void rethrow_exception(exception_ptr) {
    emma::crt::panic("emma: std::rethrow_exception called without exceptions\n");
}

}  // namespace std

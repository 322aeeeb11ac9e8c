// SPDX-License-Identifier: MIT OR Apache-2.0
// A replaced operator new throws: the default nothrow forms, which call it, return null.
#include <cstddef>
#include <exception>
#include <new>

void* operator new(std::size_t) { throw std::bad_alloc(); }
void operator delete(void*) noexcept {}
void* operator new(std::size_t, std::align_val_t) { throw 5; }
void operator delete(void*, std::align_val_t) noexcept {}

int main() {
    constexpr std::align_val_t k64{64};
    void* volatile objects[] = {::operator new(1, std::nothrow), ::operator new[](1, std::nothrow),
                                ::operator new(1, k64, std::nothrow),
                                ::operator new[](1, k64, std::nothrow)};
    for (void* object : objects) {
        if (object != nullptr) return 1;
    }
    return std::uncaught_exceptions();
}

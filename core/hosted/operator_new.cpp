// SPDX-License-Identifier: MIT OR Apache-2.0
// operator new of libemma_preload.so without memory: the program's new-handler, then
// std::bad_alloc, as its own C++ library has them, libstdc++ or libc++. In place of
// core/api/new_handler.cpp and new_replaced.cpp. The one file that is compiled with exceptions.
// What it needs of the C++ library is looked up when it is needed: most programs have one, some
// only by way of a plug-in, some none.
#include <dlfcn.h>
#include <cstddef>
#include <cstdint>

#include "core/api/new.h"
#include "core/check.h"

namespace emma {
namespace {

// A name of the program's C++ library, or null. Its own library comes before those of plug-ins.
void* find_name(const char* name) {
    if (void* const found = dlsym(RTLD_DEFAULT, name)) return found;
    constexpr const char* kLibraries[] = {"libstdc++.so.6", "libc++abi.so.1", "libc++.so.1"};
    for (const char* const library : kLibraries) {
        void* const handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
        if (handle == nullptr) continue;
        void* const found = dlsym(handle, name);
        dlclose(handle);  // the reference, not the library
        if (found != nullptr) return found;
    }
    return nullptr;
}

template <typename Function>
Function* find_function(const char* name) {
    return reinterpret_cast<Function*>(find_name(name));
}

std::new_handler find_new_handler() {
    auto* const get = find_function<std::new_handler()>("_ZSt15get_new_handlerv");
    return get != nullptr ? get() : nullptr;
}

// throw std::bad_alloc(), by the names of the Itanium C++ ABI, which both libraries have. An object
// of the class is the address of its table. Returns if the program has no C++ library.
void throw_bad_alloc() {
    auto* const allocate = find_function<void*(std::size_t)>("__cxa_allocate_exception");
    auto* const raise = find_function<void(void*, void*, void (*)(void*))>("__cxa_throw");
    auto* const destroy = find_function<void(void*)>("_ZNSt9bad_allocD1Ev");
    auto* const table = static_cast<void**>(find_name("_ZTVSt9bad_alloc"));
    void* const type = find_name("_ZTISt9bad_alloc");
    if (allocate == nullptr || raise == nullptr || destroy == nullptr || table == nullptr ||
        type == nullptr) {
        return;
    }
    auto** const exception = static_cast<void***>(allocate(sizeof(void*)));
    *exception = table + 2;  // behind the offset and the type
    raise(exception, type, destroy);
}

// Whether the handler came back: one that throws says that there is no memory ([new.handler]/2).
bool returns(std::new_handler handler) {
    try {
        handler();
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

void* call_or_null(void* (*form)(std::size_t), std::size_t size) {
    try {
        return form(size);
    } catch (...) {
        return nullptr;
    }
}

void* call_or_null(void* (*form)(std::size_t, std::align_val_t), std::size_t size,
                   std::align_val_t alignment) {
    try {
        return form(size, alignment);
    } catch (...) {
        return nullptr;
    }
}

// As in core/api/new_handler.cpp. An exception, the handler's or ours, leaves through frames that
// have nothing to clean up.
void* allocate_with_handler(std::size_t size, std::size_t alignment, bool may_fail) {
    for (;;) {
        if (void* const object = emma_alloc(size, alignment)) return object;
        const std::new_handler handler = find_new_handler();
        if (handler != nullptr) {
            if (!may_fail) {
                handler();
            } else if (!returns(handler)) {
                return nullptr;
            }
        } else if (may_fail) {
            return nullptr;
        } else {
            throw_bad_alloc();
            panic(Misuse::kOutOfMemory, nullptr, 0);
        }
    }
}

}  // namespace emma

// What compiled `catch` calls, by the names that the compiler gives it: the C++ library's own,
// found as above. They run only while an exception is on its way, so there is a library.
extern "C" {

int __gxx_personality_v0(int version, int actions, std::uint64_t kind, void* exception,
                         void* context) {
    constexpr int kContinueUnwind = 8;  // _URC_CONTINUE_UNWIND
    auto* const personality =
        emma::find_function<decltype(__gxx_personality_v0)>("__gxx_personality_v0");
    if (personality == nullptr) return kContinueUnwind;
    return personality(version, actions, kind, exception, context);
}

void* __cxa_begin_catch(void* exception) noexcept {
    auto* const begin = emma::find_function<void*(void*)>("__cxa_begin_catch");
    return begin != nullptr ? begin(exception) : nullptr;
}

void __cxa_end_catch() {
    if (auto* const end = emma::find_function<void()>("__cxa_end_catch")) end();
}

// std::terminate(), for an exception that would leave a function that lets none out (clang's).
[[noreturn]] void _ZSt9terminatev() noexcept {
    if (auto* const terminate = emma::find_function<void()>("_ZSt9terminatev")) terminate();
    __builtin_trap();
}
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// operator new of libemma_preload.so without memory: the program's new-handler, then
// std::bad_alloc, as its own C++ library has them, libstdc++ or libc++. In place of
// core/api/new_handler.cpp and new_bad_alloc.cpp. What it needs of the C++ library is looked up
// when it is needed: most programs have one, some only by way of a plug-in, some none.
#include <dlfcn.h>
#include <cstddef>
#include <cstdint>

#include "core/api/new.h"

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

}  // namespace

std::new_handler current_new_handler() {
    auto* const get = find_function<std::new_handler()>("_ZSt15get_new_handlerv");
    return get != nullptr ? get() : nullptr;
}

void throw_bad_alloc() {
    const BadAlloc bad_alloc{
        find_function<void*(std::size_t)>("__cxa_allocate_exception"),
        find_function<void(void*, void*, void (*)(void*))>("__cxa_throw"),
        find_function<void(void*)>("_ZNSt9bad_allocD1Ev"),
        static_cast<void**>(find_name("_ZTVSt9bad_alloc")),
        find_name("_ZTISt9bad_alloc"),
    };
    bad_alloc.raise();
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

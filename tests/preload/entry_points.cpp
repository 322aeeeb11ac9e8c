// SPDX-License-Identifier: MIT OR Apache-2.0
// TEST-FLAGS: -fno-builtin
// What a libc program may expect beyond malloc and free: errno, glibc's own entry points, and the
// program's new-handler and std::bad_alloc when operator new finds no memory.
// Run under libemma_preload.so.
#include "tests/preload/check_all.h"

#include <malloc.h>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <new>

namespace {

int g_failed;
int g_handler_calls;

void expect(bool holds, const char* what) {
    if (holds) return;
    std::printf("does not hold: %s\n", what);
    g_failed = 1;
}

bool is_aligned(void* object, std::size_t alignment) {
    return object != nullptr && reinterpret_cast<std::uintptr_t>(object) % alignment == 0;
}

void give_up_at_third_call() {
    if (++g_handler_calls == 3) std::set_new_handler(nullptr);
}
struct FromHandler : std::bad_alloc {};
void throw_from_handler() { throw FromHandler(); }

// Sizes that the compiler does not know.
volatile std::size_t g_too_much = std::size_t{1} << 62;

template <typename Exception, typename Allocation>
bool throws(Allocation allocate) {
    try {
        void* volatile object = allocate();
        expect(object == nullptr, "an allocation of that size fails");
    } catch (const Exception&) {
        return true;
    }
    return false;
}

void operator_new() {
    constexpr auto kAlignment = std::align_val_t{256};
    const auto plain = [] { return ::operator new(g_too_much); };
    const auto array = [] { return ::operator new[](g_too_much); };
    const auto aligned = [=] { return ::operator new(g_too_much, kAlignment); };
    expect(throws<std::bad_alloc>(plain), "operator new throws std::bad_alloc");
    expect(throws<std::bad_alloc>(array), "operator new[] throws std::bad_alloc");
    expect(throws<std::bad_alloc>(aligned), "aligned operator new throws std::bad_alloc");
    expect(::operator new(g_too_much, std::nothrow) == nullptr, "nothrow operator new gives null");
    std::set_new_handler(give_up_at_third_call);
    expect(throws<std::bad_alloc>(plain), "std::bad_alloc once there is no handler any more");
    expect(g_handler_calls == 3, "the handler is called until it gives up");
    std::set_new_handler(throw_from_handler);
    expect(throws<FromHandler>(array), "what the handler throws arrives");
    std::set_new_handler(nullptr);
}

}  // namespace

int main() {
    errno = 0;
    void* volatile object = std::malloc(g_too_much);
    expect(object == nullptr && errno == ENOMEM, "malloc sets errno");
    errno = 0;
    object = pvalloc(g_too_much);
    expect(object == nullptr && errno == ENOMEM, "pvalloc sets errno");

    void* const page = valloc(100);
    void* const pages = pvalloc(5000);
    void* const other = memalign(1024, 10);
    expect(is_aligned(page, 4096) && is_aligned(pages, 4096) && is_aligned(other, 1024),
           "valloc, pvalloc and memalign align");
    expect(malloc_usable_size(pages) >= 8192, "pvalloc gives whole pages");
    for (void* each : {page, pages, other}) std::free(each);
    operator_new();
    expect(all_invariants_hold(), "emma_check finds nothing");
    return g_failed;
}

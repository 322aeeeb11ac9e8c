// SPDX-License-Identifier: MIT OR Apache-2.0
// What clang calls for a std::atomic of a class (libatomic has them for others): objects of 1, 2, 4
// or 8 bytes at such an address, lock-free. There is no lock here for any other; a line says so.
#include <cstddef>
#include <cstdint>

#include "crt/panic.h"
#include "crt/public.h"

// The compilers keep these names to themselves.
extern "C" {
EMMA_CRT_PUBLIC bool emma_atomic_is_lock_free(std::size_t size,
                                              const void* object) asm("__atomic_is_lock_free");
EMMA_CRT_PUBLIC void emma_atomic_load(std::size_t size, const void* object, void* result,
                                      int order) asm("__atomic_load");
EMMA_CRT_PUBLIC void emma_atomic_store(std::size_t size, void* object, const void* value,
                                       int order) asm("__atomic_store");
EMMA_CRT_PUBLIC void emma_atomic_exchange(std::size_t size, void* object, const void* value,
                                          void* result, int order) asm("__atomic_exchange");
EMMA_CRT_PUBLIC bool emma_atomic_compare_exchange(std::size_t size, void* object, void* expected,
                                                  const void* value, int success,
                                                  int failure) asm("__atomic_compare_exchange");
}

namespace {

template <typename Word>
struct Access {
    typedef Word Aliased __attribute__((may_alias));
    typedef Word Unaligned __attribute__((may_alias, aligned(1)));
    static Aliased* shared(const void* object) {
        return static_cast<Aliased*>(const_cast<void*>(object));
    }
    static Word get(const void* value) { return *static_cast<const Unaligned*>(value); }
    static void put(void* value, Word word) { *static_cast<Unaligned*>(value) = word; }
};

// Calls `work` with the access to objects of that size.
template <typename Work>
auto with_size(std::size_t size, const void* object, Work work) {
    if (reinterpret_cast<std::uintptr_t>(object) % size == 0) {
        switch (size) {
            case 1:
                return work(Access<std::uint8_t>());
            case 2:
                return work(Access<std::uint16_t>());
            case 4:
                return work(Access<std::uint32_t>());
            case 8:
                return work(Access<std::uint64_t>());
            default:
                break;
        }
    }
    emma::crt::panic("emma: std::atomic of a size that needs locks (libatomic)\n");
}

}  // namespace

// Whatever order was asked for, it is the strongest: on x86 only stores pay for that.
extern "C" {

bool emma_atomic_is_lock_free(std::size_t size, const void* object) {
    return (size == 1 || size == 2 || size == 4 || size == 8) &&
           reinterpret_cast<std::uintptr_t>(object) % size == 0;
}

void emma_atomic_load(std::size_t size, const void* object, void* result, int) {
    with_size(size, object, [=](auto access) {
        access.put(result, __atomic_load_n(access.shared(object), __ATOMIC_SEQ_CST));
    });
}

void emma_atomic_store(std::size_t size, void* object, const void* value, int) {
    with_size(size, object, [=](auto access) {
        __atomic_store_n(access.shared(object), access.get(value), __ATOMIC_SEQ_CST);
    });
}

void emma_atomic_exchange(std::size_t size, void* object, const void* value, void* result, int) {
    with_size(size, object, [=](auto access) {
        access.put(result,
                   __atomic_exchange_n(access.shared(object), access.get(value), __ATOMIC_SEQ_CST));
    });
}

bool emma_atomic_compare_exchange(std::size_t size, void* object, void* expected, const void* value,
                                  int, int) {
    return with_size(size, object, [=](auto access) {
        auto seen = access.get(expected);
        const bool done =
            __atomic_compare_exchange_n(access.shared(object), &seen, access.get(value), false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        if (!done) access.put(expected, seen);
        return done;
    });
}
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// Where the explorer gets in: core/ and the scenarios are compiled with -fsanitize=thread, which
// turns every atomic operation (with its memory order) and every plain access into a call, and are
// linked with these functions in the place of ThreadSanitizer's. So what is explored is the code of
// core/ itself, all of it.
#include <cstring>

#include "tests/explorer/memory.h"
#include "tests/explorer/model.h"
#include "tests/explorer/run.h"

using namespace emma::explore;

namespace {

void plain(const void* address, std::size_t bytes, bool is_write, const void* code) {
    if (Runner* const runner = Runner::current())
        runner->note_plain(reinterpret_cast<std::uintptr_t>(address), bytes, is_write, code);
}

// Whether an operation is one of the model's; others (before the threads, after them, on what only
// one thread has) are carried out as they are.
bool is_modelled(const volatile void* address) {
    Runner* const runner = Runner::current();
    if (runner == nullptr) return false;
    const auto addr = reinterpret_cast<std::uintptr_t>(address);
    const bool is_private = runner->is_private(addr);
    if (is_private || memory.is_tracked(addr)) runner->pass_point();
    if (runner->in_thread() && memory.is_tracked(addr) && !is_private) return true;
    memory.note_access(addr, 1, true);
    return false;
}

std::uint64_t modelled(Kind kind, const volatile void* address, unsigned bytes,
                       std::uint64_t operand, int order, const void* code) {
    Operation operation;
    operation.kind = kind;
    operation.order = order;
    operation.address = reinterpret_cast<std::uintptr_t>(address);
    operation.bytes = bytes;
    operation.operand = operand;
    operation.code = code;
    return Runner::current()->perform(operation);
}

template <typename T>
bool compare_exchange(volatile T* address, T* expected, T desired, int order, int failure_order,
                      const void* code) {
    if (!is_modelled(address))
        return __atomic_compare_exchange_n(address, expected, desired, false, __ATOMIC_SEQ_CST,
                                           __ATOMIC_SEQ_CST);
    Operation operation;
    operation.kind = Kind::kCompareExchange;
    operation.order = order;
    operation.failure_order = failure_order;
    operation.address = reinterpret_cast<std::uintptr_t>(address);
    operation.bytes = sizeof(T);
    operation.operand = desired;
    operation.expected = *expected;
    operation.code = code;
    const T found = static_cast<T>(Runner::current()->perform(operation));
    if (found == *expected) return true;
    *expected = found;
    return false;
}

}  // namespace

#define EMMA_CODE __builtin_return_address(0)

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

#define EMMA_PLAIN(bytes)                                                             \
    void __tsan_read##bytes(void* p) { plain(p, bytes, false, EMMA_CODE); }           \
    void __tsan_write##bytes(void* p) { plain(p, bytes, true, EMMA_CODE); }           \
    void __tsan_unaligned_read##bytes(void* p) { plain(p, bytes, false, EMMA_CODE); } \
    void __tsan_unaligned_write##bytes(void* p) { plain(p, bytes, true, EMMA_CODE); }
EMMA_PLAIN(1)
EMMA_PLAIN(2)
EMMA_PLAIN(4)
EMMA_PLAIN(8)
EMMA_PLAIN(16)

void __tsan_read_range(void* p, std::size_t bytes) { plain(p, bytes, false, EMMA_CODE); }
void __tsan_write_range(void* p, std::size_t bytes) { plain(p, bytes, true, EMMA_CODE); }
void __tsan_vptr_read(void** p) { plain(p, 8, false, EMMA_CODE); }
void __tsan_vptr_update(void** p, void*) { plain(p, 8, true, EMMA_CODE); }
void* __tsan_memset(void* p, int value, std::size_t bytes) {
    plain(p, bytes, true, EMMA_CODE);
    return std::memset(p, value, bytes);
}
void* __tsan_memcpy(void* to, const void* from, std::size_t bytes) {
    plain(from, bytes, false, EMMA_CODE);
    plain(to, bytes, true, EMMA_CODE);
    return std::memcpy(to, from, bytes);
}
void* __tsan_memmove(void* to, const void* from, std::size_t bytes) {
    plain(from, bytes, false, EMMA_CODE);
    plain(to, bytes, true, EMMA_CODE);
    return std::memmove(to, from, bytes);
}

#define EMMA_FETCH(bits, type, name, kind)                                                  \
    type __tsan_atomic##bits##_##name(volatile type* p, type value, int order) {            \
        if (!is_modelled(p)) return __atomic_##name(p, value, __ATOMIC_SEQ_CST);            \
        return static_cast<type>(modelled(kind, p, sizeof(type), value, order, EMMA_CODE)); \
    }
#define EMMA_ATOMIC(bits, type)                                                                    \
    type __tsan_atomic##bits##_load(const volatile type* p, int order) {                           \
        if (!is_modelled(p)) return __atomic_load_n(p, __ATOMIC_SEQ_CST);                          \
        return static_cast<type>(modelled(Kind::kLoad, p, sizeof(type), 0, order, EMMA_CODE));     \
    }                                                                                              \
    void __tsan_atomic##bits##_store(volatile type* p, type value, int order) {                    \
        if (!is_modelled(p)) return __atomic_store_n(p, value, __ATOMIC_SEQ_CST);                  \
        modelled(Kind::kStore, p, sizeof(type), value, order, EMMA_CODE);                          \
    }                                                                                              \
    type __tsan_atomic##bits##_exchange(volatile type* p, type value, int order) {                 \
        if (!is_modelled(p)) return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);               \
        return static_cast<type>(                                                                  \
            modelled(Kind::kExchange, p, sizeof(type), value, order, EMMA_CODE));                  \
    }                                                                                              \
    EMMA_FETCH(bits, type, fetch_add, Kind::kAdd)                                                  \
    EMMA_FETCH(bits, type, fetch_sub, Kind::kSubtract)                                             \
    EMMA_FETCH(bits, type, fetch_and, Kind::kAnd)                                                  \
    EMMA_FETCH(bits, type, fetch_or, Kind::kOr)                                                    \
    EMMA_FETCH(bits, type, fetch_xor, Kind::kXor)                                                  \
    bool __tsan_atomic##bits##_compare_exchange_strong(                                            \
        volatile type* p, type* expected, type desired, int order, int failure_order) {            \
        return compare_exchange(p, expected, desired, order, failure_order, EMMA_CODE);            \
    }                                                                                              \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type* p, type expected, type desired, \
                                                    int order, int failure_order) {                \
        (void)compare_exchange(p, &expected, desired, order, failure_order, EMMA_CODE);            \
        return expected;                                                                           \
    }
EMMA_ATOMIC(8, std::uint8_t)
EMMA_ATOMIC(16, std::uint16_t)
EMMA_ATOMIC(32, std::uint32_t)
EMMA_ATOMIC(64, std::uint64_t)

void __tsan_atomic_signal_fence(int) {}
void __tsan_atomic_thread_fence(int order) {
    const Runner* const runner = Runner::current();
    if (runner == nullptr || !runner->in_thread()) return;
    if (order != __ATOMIC_ACQUIRE) fail("only acquire fences are modelled");
    model.fence_acquire(runner->thread());
}

}  // extern "C"

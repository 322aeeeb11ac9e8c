// SPDX-License-Identifier: MIT OR Apache-2.0
// What compilers refer to in C++ programs without exceptions (Itanium C++ ABI 3.2.6, 3.3.3,
// 3.3.6): guards of function-local statics, the targets of impossible virtual calls, the handle of
// the program as a shared object.
#include <cstdint>

#include "arch/linux/process.h"
#include "crt/atomic.h"
#include "crt/panic.h"
#include "crt/public.h"

namespace emma::crt {
namespace {

// The 64-bit guard object of a local static. The ABI fixes only the first byte, which compiled code
// reads with acquire order: non-zero means initialised. The upper half is a futex word of ours.
//
//     bits  0..7   initialised             (ABI)
//     bits  8..31  unused, zero
//     bits 32..63  state: kIdle -> kRunning -> kDone, or back to kIdle by abort;
//                  kRunningWaited replaces kRunning once a thread sleeps on the word
struct StaticGuard {
    Atomic<std::uint8_t> initialised;  // any thread
    std::uint8_t unused[3];
    Atomic<std::uint32_t> state;  // any thread

    static constexpr std::uint32_t kIdle = 0;
    static constexpr std::uint32_t kRunning = 1;
    static constexpr std::uint32_t kRunningWaited = 2;
    static constexpr std::uint32_t kDone = 3;

    // True: the caller is to initialise. A thread that initialises an object and comes back here
    // for the same one waits for itself: undefined by the language ([stmt.dcl]/4).
    bool acquire() {
        for (;;) {
            std::uint32_t seen = kIdle;
            // Acquire pairs with finish: after an abort, what the first attempt did is visible.
            if (state.compare_exchange(seen, kRunning, kAcquire, kRelaxed)) {
                return true;
            }
            if (seen == kDone) return false;
            if (seen == kRunning &&
                !state.compare_exchange(seen, kRunningWaited, kRelaxed, kRelaxed)) {
                continue;  // it has just been finished, or another waiter announced itself
            }
            (void)arch::futex_wait(state.address(), kRunningWaited, false);
        }
    }

    // Release pairs with acquire above, and with the compiled code's read of the first byte.
    void finish(std::uint32_t outcome) {
        if (outcome == kDone) initialised.store(1, kRelease);
        if (state.exchange(outcome, kRelease) == kRunningWaited) {
            (void)arch::futex_wake(state.address(), 0x7fffffff, false);
        }
    }
};
static_assert(sizeof(StaticGuard) == 8);

}  // namespace
}  // namespace emma::crt

extern "C" {

using emma::crt::StaticGuard;

EMMA_CRT_PUBLIC int __cxa_guard_acquire(std::uint64_t* guard) {
    return reinterpret_cast<StaticGuard*>(guard)->acquire() ? 1 : 0;
}

EMMA_CRT_PUBLIC void __cxa_guard_release(std::uint64_t* guard) {
    reinterpret_cast<StaticGuard*>(guard)->finish(StaticGuard::kDone);
}

EMMA_CRT_PUBLIC void __cxa_guard_abort(std::uint64_t* guard) {
    reinterpret_cast<StaticGuard*>(guard)->finish(StaticGuard::kIdle);
}

[[noreturn]] EMMA_CRT_PUBLIC void __cxa_pure_virtual() {
    emma::crt::panic("emma: pure virtual function called\n");
}

[[noreturn]] EMMA_CRT_PUBLIC void __cxa_deleted_virtual() {
    emma::crt::panic("emma: deleted virtual function called\n");
}

// `new T[n]` whose size overflows, where exceptions were on when the caller was compiled.
[[noreturn]] EMMA_CRT_PUBLIC void __cxa_throw_bad_array_new_length() {
    emma::crt::panic("emma: std::bad_array_new_length thrown without exceptions\n");
}

// Its address tells shared objects apart; compilers declare it hidden.
[[gnu::visibility("hidden")]] extern const void* const __dso_handle;
const void* const __dso_handle = nullptr;
}

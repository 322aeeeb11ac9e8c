// SPDX-License-Identifier: MIT OR Apache-2.0
// What compilers refer to in C++ programs without exceptions (Itanium C++ ABI 3.2.6, 3.3.3,
// 3.3.6): guards of function-local statics, the targets of impossible virtual calls, the handle of
// the program as a shared object.
#include <cstdint>

#include "arch/arch.h"
#include "arch/linux/process.h"
#include "crt/atomic.h"
#include "crt/panic.h"
#include "crt/public.h"

namespace emma::crt {
namespace {

// The 64-bit guard object of a local static. The ABI fixes only the first byte, which compiled code
// reads with acquire order: non-zero means initialised.
//
//     bits  0..7   initialised                (ABI)
//     bit   8      waited: a thread sleeps on the lower half, which is the futex word
//     bits  9..15  unused, zero
//     bits 16..63  owner: the thread pointer of the thread that initialises (47 bits), or 0
//
//     0 --acquire--> owner [--wait--> owner | waited] --finish--> initialised, or 0 after an abort
class StaticGuard {
  public:
    static constexpr std::uint64_t kIdle = 0;
    static constexpr std::uint64_t kInitialised = 1;

    // True: the caller is to initialise.
    bool acquire() {
        const std::uint64_t mine =
            std::uint64_t{reinterpret_cast<std::uintptr_t>(arch::thread_pointer())} << kOwnerShift;
        for (;;) {
            std::uint64_t seen = kIdle;
            // Acquire pairs with finish: after an abort, what the first attempt did is visible.
            if (word_.compare_exchange(seen, mine, kAcquire, kAcquire)) return true;
            if (seen == kInitialised) return false;
            // Itself, in the initialisation or in a signal handler that interrupted it: it would
            // wait for ever ([stmt.dcl]/4: undefined).
            if (seen >> kOwnerShift == mine >> kOwnerShift) {
                panic("emma: static local entered again by the thread that initialises it\n");
            }
            if ((seen & kWaited) == 0 &&
                !word_.compare_exchange(seen, seen | kWaited, kRelaxed, kRelaxed)) {
                continue;  // it has just been finished, or another waiter announced itself
            }
            (void)arch::futex_wait(word_.address(), static_cast<std::uint32_t>(seen | kWaited),
                                   false);
        }
    }

    // Release pairs with acquire above, and with the compiled code's read of the first byte.
    void finish(std::uint64_t outcome) {
        if ((word_.exchange(outcome, kRelease) & kWaited) != 0) {
            (void)arch::futex_wake(word_.address(), 0x7fffffff, false);
        }
    }

  private:
    static constexpr std::uint64_t kWaited = 1 << 8;
    static constexpr unsigned kOwnerShift = 16;

    Atomic<std::uint64_t> word_;  // any thread
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
    reinterpret_cast<StaticGuard*>(guard)->finish(StaticGuard::kInitialised);
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

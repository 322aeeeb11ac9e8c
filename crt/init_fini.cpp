// SPDX-License-Identifier: MIT OR Apache-2.0
// Initialisation and termination of the program: init and fini arrays, exit and its kin, handlers
// registered by atexit and __cxa_atexit. Order at exit: the calling thread's thread_local
// destructors, handlers last to first, the fini array backwards, exit_group.
#include "crt/init_fini.h"

#include "arch/linux/process.h"
#include "arch/linux/threads.h"
#include "crt/include/emma_crt.h"
#include "crt/panic.h"
#include "crt/public.h"
#include "crt/thread.h"

// The bounds of the arrays, from the linker script; equal where there is no entry.
extern "C" {
using InitFunction = void (*)(int, char**, char**);
using FiniFunction = void (*)();
[[gnu::visibility("hidden")]] extern const InitFunction __preinit_array_start[];
[[gnu::visibility("hidden")]] extern const InitFunction __preinit_array_end[];
[[gnu::visibility("hidden")]] extern const InitFunction __init_array_start[];
[[gnu::visibility("hidden")]] extern const InitFunction __init_array_end[];
[[gnu::visibility("hidden")]] extern const FiniFunction __fini_array_start[];
[[gnu::visibility("hidden")]] extern const FiniFunction __fini_array_end[];
}

namespace emma::crt {
namespace {

constexpr std::size_t kInlineExitHandlerCount = 32;

constinit HandlerStack<kInlineExitHandlerCount> exit_handlers = {};
constinit HandlerStack<kInlineExitHandlerCount> quick_exit_handlers = {};
constinit std::size_t fini_done_count = 0;  // the exiting thread alone

// Which thread of which process runs the exit handlers: 0 until one does.
//
//     bits  0..21  process id (Linux's are below 2^22), 0 while the thread is the process's only
//     one bits 22..63  address of its record, over 64
class ExitOwner {
  public:
    static constexpr unsigned kProcessBits = 22;

    constexpr ExitOwner() = default;
    explicit ExitOwner(std::uint64_t word) : word_(word) {}
    ExitOwner(const Thread* thread, std::uint32_t process)
        : word_(std::uint64_t{reinterpret_cast<std::uintptr_t>(thread)} / arch::kCacheLineBytes
                    << kProcessBits |
                process) {}

    std::uint64_t word() const { return word_; }
    std::uint32_t process() const { return word_ & ((1u << kProcessBits) - 1); }
    bool is(const Thread* thread) const {
        return word_ >> kProcessBits == ExitOwner(thread, 0).word_ >> kProcessBits;
    }

  private:
    std::uint64_t word_ = 0;
};
constinit Atomic<std::uint64_t> exit_owner;  // an ExitOwner; any thread

// Lets the first thread pass, and it again when a handler of its calls exit. Any other sleeps until
// exit_group ends it: there is nothing it could return to. In the child of a fork beside a thread
// in exit that thread is gone, and the first that comes takes its place: handlers that it had begun
// stay begun, the others run. A process id that comes again, in a child of a child, would hide
// that.
//
// The id is asked for only if there is another thread that could come later; keep_exit_owner sees
// to those that handlers make.
void enter_exit() {
    const Thread* self = current_thread();
    for (;;) {
        std::uint64_t seen = 0;
        const std::uint32_t process = has_other_threads() ? arch::process_id() : 0;
        const std::uint64_t mine = ExitOwner(self, process).word();
        // Relaxed: nothing is published by being first.
        if (exit_owner.compare_exchange(seen, mine, kRelaxed, kRelaxed)) return;
        const ExitOwner owner(seen);
        if (owner.is(self)) return;
        if (owner.process() != arch::process_id()) {
            if (exit_owner.compare_exchange(seen, mine, kRelaxed, kRelaxed)) return;
            continue;
        }
        // Comes back from a signal handler, which may have forked.
        constinit static const std::uint32_t never_woken = 0;
        (void)arch::futex_wait(&never_woken, 0, false);
    }
}

void run_fini_array() {
    const auto count = static_cast<std::size_t>(__fini_array_end - __fini_array_start);
    // Counted before the call, so that one which calls exit is not called again.
    while (fini_done_count < count) __fini_array_start[count - ++fini_done_count]();
}

// The argument is the function, whose psABI call passes none.
void call_without_argument(void* function) { reinterpret_cast<void (*)()>(function)(); }

template <std::size_t kInlineCount>
int add_handler(HandlerStack<kInlineCount>& handlers, void (*function)()) {
    return handlers.push(call_without_argument, reinterpret_cast<void*>(function)) ? 0 : -1;
}

}  // namespace

void keep_exit_owner() {
    std::uint64_t seen = exit_owner.load(kRelaxed);
    if (seen == 0 || !ExitOwner(seen).is(current_thread())) return;
    const ExitOwner mine(current_thread(), arch::process_id());
    // Fails if nobody but the caller could have changed it: never.
    exit_owner.compare_exchange(seen, mine.word(), kRelaxed, kRelaxed);
}

void run_init_arrays(int argument_count, char** arguments, char** environment) {
    for (auto* entry = __preinit_array_start; entry != __preinit_array_end; ++entry) {
        (*entry)(argument_count, arguments, environment);
    }
    for (auto* entry = __init_array_start; entry != __init_array_end; ++entry) {
        (*entry)(argument_count, arguments, environment);
    }
}

}  // namespace emma::crt

extern "C" {

// The streams of a program that takes musl's: what is left in them is written (crt/README.md).
[[gnu::weak]] void __stdio_exit();

[[noreturn]] EMMA_CRT_PUBLIC void _Exit(int status) { emma::arch::exit_process(status); }

[[noreturn]] EMMA_CRT_PUBLIC void _exit(int status) { _Exit(status); }

[[noreturn, gnu::cold]] EMMA_CRT_PUBLIC void emma_exit(int status) {
    emma::crt::enter_exit();
    emma::crt::current_thread()->destructors.run_all();
    emma::crt::exit_handlers.run_all();
    emma::crt::run_fini_array();
    if (__stdio_exit != nullptr) __stdio_exit();
    _Exit(status);
}

[[noreturn]] EMMA_CRT_PUBLIC void exit(int status) { emma_exit(status); }

// C23 7.24.4.3: zero, or non-zero where there is no memory for the entry; the first 32 need none.
EMMA_CRT_PUBLIC int atexit(void (*function)()) {
    return emma::crt::add_handler(emma::crt::exit_handlers, function);
}

// Itanium C++ ABI 3.3.6.3. A static program is one shared object, so the last parameter says
// nothing.
EMMA_CRT_PUBLIC int __cxa_atexit(void (*function)(void*), void* argument, void* /*dso*/) {
    return emma::crt::exit_handlers.push(function, argument) ? 0 : -1;
}

// Itanium C++ ABI 3.3.6.3: runs the handlers of a shared object; here there is but one.
EMMA_CRT_PUBLIC void __cxa_finalize(void* /*dso*/) { emma::crt::exit_handlers.run_all(); }

// Destructors of thread_local objects (the name that compilers call, and the one that libstdc++
// calls in turn). They run at the thread's end, or at exit for the thread that calls it.
EMMA_CRT_PUBLIC int __cxa_thread_atexit_impl(void (*function)(void*), void* argument,
                                             void* /*dso*/) {
    return emma::crt::current_thread()->destructors.push(function, argument) ? 0 : -1;
}

EMMA_CRT_PUBLIC int __cxa_thread_atexit(void (*function)(void*), void* argument, void* dso) {
    return __cxa_thread_atexit_impl(function, argument, dso);
}

EMMA_CRT_PUBLIC int at_quick_exit(void (*function)()) {
    return emma::crt::add_handler(emma::crt::quick_exit_handlers, function);
}

// C23 7.24.4.7: no exit handler and no destructor runs.
[[noreturn]] EMMA_CRT_PUBLIC void quick_exit(int status) {
    emma::crt::quick_exit_handlers.run_all();
    _Exit(status);
}

// Ends the process by an illegal-instruction trap rather than SIGABRT, as every panic of Emma does:
// raising a signal would take system calls (gettid, tgkill) that the published list does not have.
// No handler of the program's runs, so none can stand in the way.
[[noreturn]] EMMA_CRT_PUBLIC void abort() { emma::crt::panic("emma: abort called\n"); }
}

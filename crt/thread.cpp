// SPDX-License-Identifier: MIT OR Apache-2.0
// Threads: creation, end, join, detach. Owns every thread's mapping:
//
//     | guard page | stack, growing down | TLS block | Thread |        (one mmap, unmapped whole)
//                                                    ^ thread pointer
//
// Signals are not blocked around clone: one that arrives at the child's first instruction finds
// its stack and, by CLONE_SETTLS, its thread pointer and TLS complete. They are blocked from the
// moment a thread begins to end, because a handler that allocated after emma_thread_detach would
// take a heap that nobody gives back, and one that ran after the munmap would have no stack.
#include "crt/thread.h"

#include "arch/linux/memory.h"
#include "arch/linux/process.h"
#include "arch/linux/thread.h"
#include "crt/auxv.h"
#include "crt/include/emma_crt.h"
#include "crt/init_fini.h"
#include "crt/panic.h"
#include "crt/public.h"
#include "crt/tls.h"

// core/include/emma.h. Weak: a program without the allocator has nothing to detach from.
extern "C" [[gnu::weak]] void emma_thread_detach(void);

namespace emma::crt {
namespace {

// The initial thread's TLS and record, where they are small: no system call, and on the page of
// the program's other writable data.
constexpr std::size_t kInitialAreaBytes = 1024;
alignas(arch::kCacheLineBytes) constinit std::byte initial_area[kInitialAreaBytes] = {};

// other_thread_count + 1 == threads that have not begun to end; zero is the state at start.
constinit Atomic<std::uint32_t> other_thread_count;

int number(arch::Errno error) { return static_cast<int>(error); }

std::uintptr_t address(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

// Where a thread pointer fits, with its TLS block below and its record above, at the start of an
// area that begins at `start`.
std::uintptr_t first_thread_pointer(std::uintptr_t start) {
    return align_up(start + tls_image().block_bytes, tls_image().alignment);
}

// psABI 3.2.2: a stack, where one lies right below the TLS block, begins on such a boundary.
constexpr std::size_t kStackAlignment = 16;

// How large an area must be for all that, wherever it begins.
std::size_t tls_area_bytes() {
    return kStackAlignment - 1 + tls_image().block_bytes + tls_image().alignment - 1 +
           sizeof(Thread);
}

Thread* init_thread(std::uintptr_t thread_pointer, std::uintptr_t canary) {
    fill_tls_block(thread_pointer);
    auto* thread = reinterpret_cast<Thread*>(thread_pointer);
    thread->control.self = &thread->control;
    thread->control.canary = canary;
    thread->control.locale = thread->control.locale_c;
    return thread;
}

// The sizes of a new thread's mapping, in whole pages. False: the sum overflows.
struct MappingPlan {
    std::size_t guard_bytes;
    std::size_t mapping_bytes;
};

bool plan_mapping(std::size_t stack_bytes, MappingPlan& plan) {
    const std::size_t page = page_bytes();
    const std::size_t fixed_bytes = page + tls_area_bytes();
    std::size_t sum;
    if (__builtin_add_overflow(stack_bytes, fixed_bytes + page - 1, &sum)) return false;
    plan = {.guard_bytes = page, .mapping_bytes = align_down(sum, page)};
    return true;
}

// Maps a stack with its guard page and lays out TLS and record at its upper end.
arch::Result<Thread*> map_thread(std::size_t stack_bytes) {
    MappingPlan plan;
    if (!plan_mapping(stack_bytes, plan)) return arch::Errno::kNoMemory;
    const auto mapped = arch::map_anywhere(plan.mapping_bytes, arch::kProtReadWrite);
    if (!mapped.ok()) return arch::Errno::kNoMemory;
    void* mapping = mapped.value();
    if (arch::protect(mapping, plan.guard_bytes, arch::kProtNone) != arch::Errno::kNone) {
        (void)arch::unmap(mapping, plan.mapping_bytes);
        return arch::Errno::kNoMemory;
    }
    const std::uintptr_t end = address(mapping) + plan.mapping_bytes;
    Thread* thread = init_thread(align_down(end - sizeof(Thread), tls_image().alignment),
                                 arch::thread_pointer()->canary);
    thread->mapping = mapping;
    thread->mapping_bytes = plan.mapping_bytes;
    return thread;
}

void* stack_top(Thread* thread) {
    return reinterpret_cast<void*>(
        align_down(address(thread) - tls_image().block_bytes, kStackAlignment));
}

// True: no thread is left but the caller. Release and acquire: what the others did comes before
// the exit handlers that the last one runs.
bool leave_as_last() { return other_thread_count.fetch_sub(1, kAcquireRelease) == 0; }

[[noreturn]] void end_current_thread(void* result) {
    Thread* self = current_thread();
    self->destructors.run_all();
    const arch::SignalMask mask = arch::set_signal_mask(arch::kEverySignal);
    if (leave_as_last()) {
        arch::set_signal_mask(mask);  // exit handlers run as in any other thread
        emma_exit(0);
    }
    if (emma_thread_detach != nullptr) emma_thread_detach();
    self->destructors.unmap_pages();
    self->result = result;
    if (!self->handle.end()) arch::exit_thread();
    // Otherwise the kernel would clear a word in memory that is somebody else's by then. If the
    // call is refused the mapping stays.
    if (!arch::forget_clear_on_exit_word()) arch::exit_thread();
    emma_arch_unmap_and_exit(self->mapping, self->mapping_bytes);
}

void run_thread(void* argument) {
    auto* self = static_cast<Thread*>(argument);
    end_current_thread(self->function(self->argument));
}

// The kernel clears the word and wakes with a shared key once the thread needs its stack no more.
void wait_for_end(Thread* thread) {
    for (;;) {
        // Acquire: the kernel's clearing follows all that the thread did.
        const std::uint32_t tid = __atomic_load_n(&thread->tid, __ATOMIC_ACQUIRE);
        if (tid == 0) return;
        (void)arch::futex_wait(&thread->tid, tid, true);
    }
}

void wait_and_unmap(Thread* thread) {
    wait_for_end(thread);
    (void)arch::unmap(thread->mapping, thread->mapping_bytes);
}

arch::Errno clone_thread(Thread* thread) {
    other_thread_count.fetch_add(1, kRelaxed);  // before the thread can end
    // Not zero even before the kernel has written the thread id: a joiner may look at once.
    thread->tid = ~0u;
    const long raw = emma_arch_clone(arch::kCloneThreadFlags, stack_top(thread), &thread->tid,
                                     &thread->tid, &thread->control, run_thread, thread);
    if (!arch::is_error(raw)) return arch::Errno::kNone;
    other_thread_count.fetch_sub(1, kRelaxed);
    return arch::error_of(raw);
}

Thread* record_of(emma_thread* handle) { return reinterpret_cast<Thread*>(handle); }

arch::Errno create(Thread** created, const emma_thread_options& options,
                   emma_thread_function function, void* argument) {
    const bool detached = (options.flags & EMMA_THREAD_DETACHED) != 0;
    const std::size_t stack_bytes =
        options.stack_bytes == 0 ? EMMA_THREAD_STACK_DEFAULT : options.stack_bytes;
    if (function == nullptr || (options.flags & ~EMMA_THREAD_DETACHED) != 0 ||
        stack_bytes < EMMA_THREAD_STACK_MIN || (created == nullptr && !detached)) {
        return arch::Errno::kInvalid;
    }
    const auto mapped = map_thread(stack_bytes);
    if (!mapped.ok()) return mapped.error();
    Thread* thread = mapped.value();
    thread->function = function;
    thread->argument = argument;
    thread->handle.start_running(detached);
    if (created != nullptr) *created = thread;
    keep_exit_owner();
    const arch::Errno error = clone_thread(thread);
    if (error != arch::Errno::kNone) (void)arch::unmap(thread->mapping, thread->mapping_bytes);
    return error;
}

}  // namespace

bool has_other_threads() { return other_thread_count.load(kRelaxed) != 0; }

void start_initial_thread(std::uintptr_t canary) {
    std::uintptr_t thread_pointer = first_thread_pointer(address(initial_area));
    if (thread_pointer + sizeof(Thread) > address(initial_area) + kInitialAreaBytes) {
        const auto mapped = arch::map_anywhere(tls_area_bytes(), arch::kProtReadWrite);
        if (!mapped.ok()) panic("emma: no memory for the initial thread's TLS\n");
        thread_pointer = first_thread_pointer(address(mapped.value()));
    }
    Thread* thread = init_thread(thread_pointer, canary);
    if (arch::set_thread_pointer(&thread->control) != arch::Errno::kNone) {
        panic("emma: cannot set the thread pointer\n");
    }
}

}  // namespace emma::crt

extern "C" {

using emma::crt::HandleState;
using emma::crt::Thread;

EMMA_CRT_PUBLIC int emma_thread_create(emma_thread** handle, const emma_thread_options* options,
                                       emma_thread_function function, void* argument) {
    constexpr emma_thread_options kDefaults = {};
    // Written before the thread runs, so that it may use the handle at once.
    auto** created = reinterpret_cast<Thread**>(handle);
    const auto error =
        emma::crt::create(created, options == nullptr ? kDefaults : *options, function, argument);
    if (error != emma::arch::Errno::kNone && created != nullptr) *created = nullptr;
    return emma::crt::number(error);
}

EMMA_CRT_PUBLIC int emma_thread_join(emma_thread* handle, void** result) {
    using namespace emma;
    Thread* thread = crt::record_of(handle);
    if (thread == crt::current_thread()) return crt::number(arch::Errno::kDeadlock);
    if (thread == nullptr || !thread->handle.claim()) return crt::number(arch::Errno::kInvalid);
    crt::wait_for_end(thread);
    if (result != nullptr) *result = thread->result;
    crt::wait_and_unmap(thread);
    return 0;
}

EMMA_CRT_PUBLIC int emma_thread_detach_handle(emma_thread* handle) {
    using namespace emma;
    if (handle == nullptr) return crt::number(arch::Errno::kInvalid);
    Thread* thread = crt::record_of(handle);
    const auto outcome = thread->handle.detach();
    if (outcome == HandleState::DetachOutcome::kCallerUnmaps) crt::wait_and_unmap(thread);
    return outcome == HandleState::DetachOutcome::kRefused ? crt::number(arch::Errno::kInvalid) : 0;
}

[[noreturn]] EMMA_CRT_PUBLIC void emma_thread_exit(void* result) {
    emma::crt::end_current_thread(result);
}

EMMA_CRT_PUBLIC emma_thread* emma_thread_self() {
    return reinterpret_cast<emma_thread*>(emma::crt::current_thread());
}
}

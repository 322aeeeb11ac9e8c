// SPDX-License-Identifier: MIT OR Apache-2.0
// The kernel's part: the page source that core/ finds under the name kSystemPages, and what it asks
// about threads. Its calls are steps like atomic operations, on a word that they all change; they
// pass no knowledge from thread to thread.
#include "tests/explorer/memory.h"
#include "tests/explorer/model.h"
#include "tests/explorer/run.h"

namespace emma {
namespace explore {
namespace {

std::uint64_t g_turns = 0;

void step() {
    Runner* const runner = Runner::current();
    if (!runner->in_thread()) return;
    Operation operation;
    operation.kind = Kind::kAdd;
    operation.order = __ATOMIC_RELAXED;
    operation.address = reinterpret_cast<std::uintptr_t>(&g_turns);
    operation.operand = 1;
    operation.code = __builtin_return_address(0);
    runner->perform(operation);
    g_turns = 0;
}

void discard(std::uintptr_t address, std::size_t bytes) {
    if (!memory.is_mapped(address, bytes)) fail("gives back what is not mapped");
    const Runner* const runner = Runner::current();
    if (runner->in_thread()) model.discard(runner->thread(), address, bytes);
}

// A place to move to is never mapped: the case that has less to rely on.
void* map(void*, std::size_t bytes, std::size_t alignment, std::uintptr_t moving) {
    step();
    if (moving != 0) return reinterpret_cast<void*>(memory.place(bytes, alignment));
    return memory.may_map() ? reinterpret_cast<void*>(memory.map(bytes, alignment)) : nullptr;
}

Extension extend(void*, std::uintptr_t address, std::size_t bytes) {
    step();
    if (!memory.may_map())
        return memory.refused_means_taken() ? Extension::kTaken : Extension::kRefused;
    return memory.map_at(address, bytes) ? Extension::kDone : Extension::kTaken;
}

bool unmap(void*, void* pages, std::size_t bytes) {
    step();
    if (!memory.may_unmap()) return false;
    const auto address = reinterpret_cast<std::uintptr_t>(pages);
    if (memory.drop_place(address, bytes)) return true;
    discard(address, bytes);
    memory.unmap(address, bytes);
    return true;
}

bool purge(void*, void* pages, std::size_t bytes) {
    step();
    const auto address = reinterpret_cast<std::uintptr_t>(pages);
    discard(address, bytes);
    memory.zero(address, bytes);
    return true;
}

bool resize(void*, void* pages, std::size_t old_bytes, void* target, std::size_t new_bytes) {
    step();
    if (target == pages || !memory.may_map()) return false;
    const auto from = reinterpret_cast<std::uintptr_t>(pages);
    const auto to = reinterpret_cast<std::uintptr_t>(target);
    discard(from, old_bytes);
    if (!memory.drop_place(to, new_bytes) || !memory.map_at(to, new_bytes))
        fail("moves to what is no place");
    discard(to, new_bytes);
    memory.copy(from, to, old_bytes < new_bytes ? old_bytes : new_bytes);
    memory.unmap(from, old_bytes);
    return true;
}

}  // namespace

void limit_source(unsigned successes, bool refused_means_taken) {
    memory.limit(successes, refused_means_taken);
}
void limit_unmaps(unsigned successes) { memory.limit_unmaps(successes); }
std::size_t bytes_mapped() { return memory.bytes_mapped(); }

void leave_out(const void* start, std::size_t bytes) {
    memory.leave_out(reinterpret_cast<std::uintptr_t>(start), bytes);
}
void include_global(void* start, std::size_t bytes) { memory.include_global(start, bytes); }
void make_private(void* word) { Runner::current()->make_private(word); }

std::uint32_t current_thread_id() { return kFirstThreadId + Runner::current()->thread(); }

bool has_ended(std::uint32_t thread_id) {
    if (thread_id == kGoneThreadId) return true;
    const unsigned thread = thread_id - kFirstThreadId;
    return thread < kMaxThreads && Runner::current()->sees_end_of(thread);
}

void allow_races(const void* start, std::size_t bytes) {
    model.allow_races(reinterpret_cast<std::uintptr_t>(start), bytes);
}
void interrupt_first_thread() { Runner::current()->interrupt_first_thread(); }
void observe_ends() { Runner::current()->observe_ends(); }

// Every other thread passes a barrier, one after the other.
bool barrier_on_all_threads() {
    Runner* const runner = Runner::current();
    if (!runner->in_thread()) return true;
    for (unsigned target = 0; target < runner->thread_count(); ++target) {
        if (target == runner->thread()) continue;
        Operation operation;
        operation.kind = Kind::kBarrier;
        operation.target = target;
        operation.code = __builtin_return_address(0);
        runner->perform(operation);
    }
    return true;
}

}  // namespace explore

constinit CallCount g_system_calls;

constinit const PageSource kSystemPages{.map = explore::map,
                                        .extend = explore::extend,
                                        .unmap = explore::unmap,
                                        .purge = explore::purge,
                                        .resize = explore::resize,
                                        .idle_bytes = nullptr,
                                        .context = nullptr,
                                        .shape = &kDefaultShape,
                                        .origin = 0,
                                        .system_calls = nullptr};
constinit Atomic<bool> g_few_calls{false};
constinit const PageSource kFewCallsPages = kSystemPages;

}  // namespace emma

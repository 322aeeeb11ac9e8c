// SPDX-License-Identifier: MIT OR Apache-2.0
// Fibers and turns.
#include "tests/explorer/run.h"

#include <setjmp.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

#include "tests/explorer/memory.h"
#include "tests/explorer/model.h"

// Saves the registers that a function keeps (psABI 3.2.1) on the stack, the stack pointer in
// `*save`, and goes on where `next` was saved.
extern "C" void emma_explorer_switch(void** save, void* next);
asm(R"(
    .text
    .type emma_explorer_switch, @function
emma_explorer_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size emma_explorer_switch, .-emma_explorer_switch
)");

namespace emma::explore {
namespace {

constexpr std::size_t kStackBytes = 256 * 1024;
constexpr std::size_t kMostEvents = 20000;  // a run that is longer goes round in circles
constexpr int kExplorer = kMaxThreads;
unsigned char* g_stacks = nullptr;
jmp_buf g_alone;

}  // namespace

Runner* Runner::active_ = nullptr;

Runner::Runner(const ScenarioKind& kind) : kind_(kind) {
    if (g_stacks == nullptr)
        g_stacks = static_cast<unsigned char*>(mmap(nullptr, kStackBytes * kMaxThreads,
                                                    PROT_READ | PROT_WRITE,
                                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    active_ = this;
}

// Work without threads; a finding ends it.
template <typename Work>
bool Runner::guarded(Work work) {
    if (setjmp(g_alone) != 0) return false;
    work();
    return true;
}

bool Runner::set_up() {
    memory.forget_all();
    model.forget_allowed_races();
    names_.clear();
    return guarded([&] {
        memory.note_access(Memory::kStart, kind_.bytes, true);
        scenario_ = kind_.construct(memory.scenario_place());
        scenario_->set_up();
        if (private_word_ != nullptr) private_start_ = *private_word_;
        memory.remember();
    });
}

void Runner::make_private(void* word) { private_word_ = static_cast<std::uint64_t*>(word); }

void Runner::fail(const std::string& what) {
    if (failure_.empty()) failure_ = what;
    if (!running_) longjmp(g_alone, 1);
    switch_to(kExplorer);
    std::abort();
}

// ---- turns -------------------------------------------------------------------------------------

void Runner::start_fiber() {
    Runner& runner = *active_;
    runner.scenario_->run_thread(runner.thread_);
    if (runner.awaits_signal_ && runner.thread_ == 0) runner.interrupt();
    if (runner.ends_are_steps_) runner.note_end();
    runner.ended_ |= 1u << runner.thread_;
    if (runner.starting_) runner.switch_to(kExplorer);
    runner.hand_over();
    std::abort();
}

// That a thread has ended is known from the kernel: whoever sees it knows all that the thread did.
void Runner::note_end() {
    Operation operation;
    operation.kind = Kind::kExchange;
    operation.order = __ATOMIC_RELEASE;
    operation.address = reinterpret_cast<std::uintptr_t>(&end_words_[thread_]);
    operation.operand = 1;
    operation.code = __builtin_return_address(0);
    perform(operation);
}

bool Runner::sees_end_of(unsigned thread) {
    Operation operation;
    operation.kind = Kind::kAdd;
    operation.order = __ATOMIC_ACQUIRE;
    operation.address = reinterpret_cast<std::uintptr_t>(&end_words_[thread]);
    operation.code = __builtin_return_address(0);
    return perform(operation) != 0;
}

// What the handler does is done by the first thread, in the order of its program.
void Runner::interrupt() {
    awaits_signal_ = false;
    in_handler_ = true;
    scenario_->handle_signal();
    in_handler_ = false;
}

void Runner::prepare(unsigned thread) {
    auto** top = reinterpret_cast<void**>(g_stacks + (thread + 1) * kStackBytes) - 2;
    top[0] = reinterpret_cast<void*>(&Runner::start_fiber);  // where the first switch returns to
    top[1] = nullptr;
    stack_pointers_[thread] = top - 6;
    for (int i = 1; i <= 6; ++i) top[-i] = nullptr;
    private_values_[thread] = private_start_;
}

void Runner::switch_to(int thread) {
    const int from = running_ ? static_cast<int>(thread_) : kExplorer;
    if (thread == from) return;
    if (private_word_ != nullptr) {
        if (from != kExplorer) private_values_[from] = *private_word_;
        *private_word_ = thread == kExplorer ? private_start_ : private_values_[thread];
    }
    running_ = thread != kExplorer;
    if (running_) thread_ = static_cast<unsigned>(thread);
    emma_explorer_switch(&stack_pointers_[from], stack_pointers_[thread]);
}

// Gives the turn to whomever the search chooses; returns when it is this thread's again.
void Runner::hand_over() {
    const unsigned ready = ~ended_ & ((1u << kind_.threads) - 1);
    const int next = ready == 0 ? kExplorer : search_->choose_thread(thread_, ready, events_);
    superfluous_ = next == Search::kNobody;
    switch_to(next < 0 ? kExplorer : next);
}

std::uint64_t Runner::perform(Operation& operation) {
    if (!memory.note_access(operation.address, operation.bytes, !operation.is_load()))
        fail("touches memory that is not mapped: " + name_of(operation.address));
    announced_[thread_] = &operation;
    if (starting_) {
        switch_to(kExplorer);
    } else {
        hand_over();
    }
    if (events_.size() >= kMostEvents) fail("too long: threads keep each other from getting on");
    // The page may have gone since the operation was announced.
    if (!memory.note_access(operation.address, operation.bytes, !operation.is_load()))
        fail("touches memory that is not mapped: " + name_of(operation.address));
    Event event;
    event.operation = operation;
    event.thread = thread_;
    event.number = ++numbers_[thread_];
    event.by_handler = thread_ == 0 && in_handler_;
    if (operation.kind != Kind::kBarrier) {
        event.newest = model.location(operation).newest();
        event.readable_from = model.readable_from(thread_, operation);
    }
    const std::uint16_t store = search_->choose_store(event, events_.size());
    events_.push_back(event);
    model.execute(events_.back(), static_cast<int>(events_.size()) - 1, store);
    search_->note_executed(events_);
    return events_.back().found;
}

Outcome Runner::run(Search& search) {
    search_ = &search;
    memory.go_back();
    model.reset();
    events_.clear();
    failure_.clear();
    failure_code_ = nullptr;
    ended_ = 0;
    superfluous_ = in_handler_ = was_interrupted_ = false;
    awaits_signal_ = has_handler_;
    points_passed_ = 0;
    for (std::uint16_t& number : numbers_) number = 0;
    for (std::uint64_t& word : end_words_) word = 0;
    search.begin_run(announced_);
    // Each thread runs to its first operation; what comes before it concerns no other.
    starting_ = true;
    for (unsigned t = 0; t < kind_.threads && failure_.empty(); ++t) {
        prepare(t);
        switch_to(static_cast<int>(t));
    }
    starting_ = false;
    const unsigned ready = ~ended_ & ((1u << kind_.threads) - 1);
    if (failure_.empty() && ready != 0) {
        const int first = search.choose_thread(0, ready, events_);
        if (first < 0) return Outcome::kSuperfluous;
        switch_to(first);
    }
    if (failure_.empty() && superfluous_) return Outcome::kSuperfluous;
    if (failure_.empty()) (void)guarded([&] { scenario_->check(); });
    return failure_.empty() ? Outcome::kDone : Outcome::kFailed;
}

void Runner::note_plain(std::uintptr_t address, std::size_t bytes, bool is_write,
                        const void* code) {
    if (bytes == 0 || !memory.is_tracked(address)) return;
    pass_point();
    failure_code_ = code;
    if (!memory.note_access(address, bytes, is_write))
        fail("touches memory that is not mapped: " + name_of(address));
    if (running_) model.plain_access(thread_, address, bytes, is_write);
    failure_code_ = nullptr;
}

// ---- names -------------------------------------------------------------------------------------

void Runner::add_name(const void* start, std::size_t each_bytes, unsigned count, const char* name) {
    names_.push_back({reinterpret_cast<std::uintptr_t>(start), each_bytes, count, name});
}

// The smallest range that was named, else the address itself.
std::string Runner::name_of(std::uintptr_t address) const {
    const Name* best = nullptr;
    for (const Name& name : names_)
        if (address - name.start < name.each_bytes * name.count &&
            (best == nullptr || name.each_bytes < best->each_bytes))
            best = &name;
    char text[200];
    if (best == nullptr) {
        std::snprintf(text, sizeof text, "%#lx", static_cast<unsigned long>(address));
        return text;
    }
    const std::size_t offset = address - best->start;
    std::snprintf(text, sizeof text, "%s", best->text.c_str());
    std::string result = text;
    if (best->count > 1) result += '[' + std::to_string(offset / best->each_bytes) + ']';
    if (offset % best->each_bytes != 0) result += '+' + std::to_string(offset % best->each_bytes);
    return result;
}

void name_range(const void* start, std::size_t each_bytes, unsigned count, const char* name) {
    Runner::current()->add_name(start, each_bytes, count, name);
}

void fail(const char* what) { Runner::current()->fail(what); }

}  // namespace emma::explore

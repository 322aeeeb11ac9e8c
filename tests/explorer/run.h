// SPDX-License-Identifier: MIT OR Apache-2.0
// One run of a scenario: its threads are fibers of this one thread of the process, which hand over
// to each other wherever an atomic operation is about to happen.
#pragma once

#include <string>
#include <vector>

#include "tests/explorer/operation.h"
#include "tests/explorer/search.h"

namespace emma::explore {

enum class Outcome : std::uint8_t { kDone, kSuperfluous, kFailed };

class Runner {
  public:
    explicit Runner(const ScenarioKind& kind);
    // False: set_up() fails.
    bool set_up();
    Outcome run(Search& search);

    // Whether the scenario has a handler, and the point of the first thread at which it runs.
    bool has_handler() const { return has_handler_; }
    void set_signal_point(unsigned point) { signal_point_ = point; }
    // In the last run: the first thread had so many points. Else the handler ran at its end.
    bool was_interrupted() const { return was_interrupted_; }

    const std::string& failure() const { return failure_; }
    const std::vector<Event>& events() const { return events_; }
    const void* failure_code() const { return failure_code_; }  // of a plain access
    std::string name_of(std::uintptr_t address) const;

    // ---- for the fibers
    static Runner* current() { return active_; }
    bool in_thread() const { return running_; }
    unsigned thread() const { return thread_; }
    std::uint64_t perform(Operation& operation);  // what was found
    [[noreturn]] void fail(const std::string& what);
    void note_plain(std::uintptr_t address, std::size_t bytes, bool is_write, const void* code);
    void add_name(const void* start, std::size_t each_bytes, unsigned count, const char* name);
    void make_private(void* word);
    bool is_private(std::uintptr_t address) const {
        return private_word_ != nullptr &&
               address == reinterpret_cast<std::uintptr_t>(private_word_);
    }
    void observe_ends() { ends_are_steps_ = true; }
    void interrupt_first_thread() { has_handler_ = true; }
    // To be called before each access by a thread; a signal may come here.
    void pass_point() {
        if (!running_ || !awaits_signal_ || thread_ != 0) return;
        was_interrupted_ = points_passed_++ == signal_point_;
        if (was_interrupted_) interrupt();
    }
    bool sees_end_of(unsigned thread);
    unsigned thread_count() const { return kind_.threads; }

  private:
    struct Name {
        std::uintptr_t start;
        std::size_t each_bytes;
        unsigned count;
        std::string text;
    };
    static void start_fiber();
    void prepare(unsigned thread);
    void note_end();
    void interrupt();
    void hand_over();
    void switch_to(int thread);
    template <typename Work>
    bool guarded(Work work);

    static Runner* active_;
    const ScenarioKind& kind_;
    Scenario* scenario_ = nullptr;
    Search* search_ = nullptr;
    std::vector<Event> events_;
    std::vector<Name> names_;
    std::string failure_;
    const void* failure_code_ = nullptr;
    bool running_ = false, starting_ = false, superfluous_ = false;
    bool ends_are_steps_ = false;
    bool has_handler_ = false, awaits_signal_ = false, in_handler_ = false;
    bool was_interrupted_ = false;
    unsigned signal_point_ = 0, points_passed_ = 0;
    std::uint64_t end_words_[kMaxThreads] = {};
    unsigned thread_ = 0, ended_ = 0;
    std::uint16_t numbers_[kMaxThreads] = {};
    const Operation* announced_[kMaxThreads] = {};
    void* stack_pointers_[kMaxThreads + 1] = {};  // the last: the explorer's own
    std::uint64_t* private_word_ = nullptr;
    std::uint64_t private_start_ = 0, private_values_[kMaxThreads] = {};
};

}  // namespace emma::explore

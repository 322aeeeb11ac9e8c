// SPDX-License-Identifier: MIT OR Apache-2.0
// The explorer's own tests: small programs whose possible outcomes are known, and random ones whose
// outcomes must be the same with and without the reductions (selftest.cpp).
#include <random>

#include "core/atomic.h"
#include "tests/explorer/explorer.h"

namespace emma::explore {
namespace {

using Word = Atomic<std::uint64_t>;

// Two threads of straight code over two words; what they read becomes the outcome, a digit each.
template <void (*kFirst)(Word*, std::uint64_t*), void (*kSecond)(Word*, std::uint64_t*)>
class TwoThreads : public Scenario {
    Word words_[2];
    std::uint64_t read_[4] = {};

    void set_up() override {}
    void run_thread(unsigned index) override {
        if (index == 0) kFirst(words_, read_);
        if (index == 1) kSecond(words_, read_ + 2);
    }
    void check() override {
        note_outcome(read_[0] * 1000 + read_[1] * 100 + read_[2] * 10 + read_[3]);
    }
};

template <std::memory_order kStore, std::memory_order kLoad, unsigned kMine>
void store_then_load(Word* words, std::uint64_t* read) {
    words[kMine].store(1, kStore);
    read[0] = words[1 - kMine].load(kLoad);
}
template <std::memory_order kOrder>
void send(Word* words, std::uint64_t*) {
    words[0].store(1, memory_order_relaxed);
    words[1].store(1, kOrder);
}
// The message passes through a read-modify-write of the receiver.
void send_then_count(Word* words, std::uint64_t*) {
    words[0].store(1, memory_order_relaxed);
    words[1].store(1, memory_order_release);
    words[1].fetch_add(1, memory_order_relaxed);
}
template <std::memory_order kOrder>
void receive(Word* words, std::uint64_t* read) {
    read[0] = words[1].load(kOrder);
    read[1] = words[0].load(memory_order_relaxed);
}
void receive_by_fence(Word* words, std::uint64_t* read) {
    read[0] = words[1].load(memory_order_relaxed);
    std::atomic_thread_fence(memory_order_acquire);
    read[1] = words[0].load(memory_order_relaxed);
}
void store_twice(Word* words, std::uint64_t*) {
    words[0].store(1, memory_order_relaxed);
    words[0].store(2, memory_order_relaxed);
}
void load_twice(Word* words, std::uint64_t* read) {
    read[0] = words[0].load(memory_order_relaxed);
    read[1] = words[0].load(memory_order_relaxed);
}
void store_barrier_load(Word* words, std::uint64_t* read) {
    words[1].store(1, memory_order_relaxed);
    barrier_on_all_threads();
    read[0] = words[0].load(memory_order_relaxed);
}

constexpr auto kRelaxed = memory_order_relaxed;
constexpr auto kSequential = memory_order_seq_cst;

const Registration<
    TwoThreads<store_then_load<kRelaxed, kRelaxed, 0>, store_then_load<kRelaxed, kRelaxed, 1>>>
    buffers("litmus_buffers", 2, "0 10 1000 1010");
const Registration<TwoThreads<store_then_load<kSequential, kSequential, 0>,
                              store_then_load<kSequential, kSequential, 1>>>
    buffers_sequential("litmus_buffers_sequential", 2, "10 1000 1010");
const Registration<TwoThreads<store_then_load<kSequential, kSequential, 0>,
                              store_then_load<kSequential, kRelaxed, 1>>>
    buffers_half("litmus_buffers_half_sequential", 2, "0 10 1000 1010");
const Registration<TwoThreads<store_then_load<kRelaxed, kRelaxed, 0>, store_barrier_load>>
    buffers_barrier("litmus_buffers_barrier", 2, "10 1000 1010");
const Registration<TwoThreads<send<kRelaxed>, receive<memory_order_acquire>>> message_unreleased(
    "litmus_message_unreleased", 2, "0 1 10 11");
const Registration<TwoThreads<send<memory_order_release>, receive<kRelaxed>>> message_unacquired(
    "litmus_message_unacquired", 2, "0 1 10 11");
const Registration<TwoThreads<send<memory_order_release>, receive<memory_order_acquire>>> message(
    "litmus_message", 2, "0 1 11");
const Registration<TwoThreads<send<memory_order_release>, receive_by_fence>> message_fence(
    "litmus_message_fence", 2, "0 1 11");
const Registration<TwoThreads<send_then_count, receive<memory_order_acquire>>> message_counted(
    "litmus_message_counted", 2, "0 1 11 21");
const Registration<TwoThreads<store_twice, load_twice>> coherence("litmus_coherence", 2,
                                                                  "0 1 2 11 12 22");

// ---- random programs
class RandomProgram : public Scenario {
    static constexpr unsigned kSteps = 3;
    struct Step {
        unsigned kind, word, order;
    };
    Word words_[3];
    Step steps_[kMaxThreads][kSteps] = {};
    std::uint64_t read_[kMaxThreads][kSteps] = {};

    void set_up() override {
        std::mt19937_64 random(scenario_seed());
        for (auto& thread : steps_)
            for (Step& step : thread)
                step = {static_cast<unsigned>(random() % 9), static_cast<unsigned>(random() % 2),
                        static_cast<unsigned>(random() % 3)};
    }
    void run_thread(unsigned index) override {
        for (unsigned i = 0; i < kSteps; ++i)
            read_[index][i] = take(steps_[index][i], 10 * (index + 1) + i);
    }
    std::uint64_t take(const Step& step, std::uint64_t value) {
        Word& word = words_[step.word];
        std::uint64_t expected = 0;
        switch (step.kind) {
            case 0:
            case 1:
            case 2:
                return step.order == 0   ? word.load(memory_order_relaxed)
                       : step.order == 1 ? word.load(memory_order_acquire)
                                         : word.load(memory_order_seq_cst);
            case 3:
            case 4:
                if (step.order == 0) word.store(value, memory_order_relaxed);
                if (step.order == 1) word.store(value, memory_order_release);
                if (step.order == 2) word.store(value, memory_order_seq_cst);
                return 0;
            case 5:
                return step.order == 0 ? word.fetch_add(value, memory_order_relaxed)
                                       : word.fetch_add(value, memory_order_acq_rel);
            case 6:
                return word.exchange(value, memory_order_acq_rel);
            case 7:
                (void)word.compare_exchange(expected, value, memory_order_acq_rel,
                                            memory_order_relaxed);
                return expected;
            default:
                if (step.order == 2) barrier_on_all_threads();
                return 0;
        }
    }
    void check() override {
        std::uint64_t sum = 0;
        for (const auto& thread : read_)
            for (const std::uint64_t value : thread) sum = sum * 1000003 + value;
        for (Word& word : words_) sum = sum * 1000003 + word.load(memory_order_relaxed);
        note_outcome(sum);
    }
};
const Registration<RandomProgram> random_two("litmus_random", 2, "*");
const Registration<RandomProgram> random_three("litmus_random", 3, "*");

}  // namespace
}  // namespace emma::explore

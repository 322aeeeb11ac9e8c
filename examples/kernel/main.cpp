// SPDX-License-Identifier: MIT OR Apache-2.0
// A kernel of two processors that uses C++ as programs do: containers, virtual functions, operator
// new, with Emma over the memory of the boot map. The workload: each processor makes messages of
// all sizes, swaps them with the other through shared mailboxes, keeps some and deletes what it
// replaces; meanwhile the timers of both interrupt it anywhere, inside the allocator too, and their
// handlers make, swap and delete messages as well. Every message knows what its bytes have to be.
//
//   command line: ops=N  operations (one new or one delete) of both processors, without handlers'
//                 fault=double-free | fault=null  ends the run that way instead
#include <emma_bare.h>

#include <memory>
#include <vector>

#include "machine.h"

namespace {

// ---- messages ----------------------------------------------------------------------------------

// xorshift: one for each processor and one for its handlers.
struct Random {
    std::uint64_t state;
    std::uint64_t next() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
    }
    std::uint64_t below(std::uint64_t limit) { return (next() >> 11) % limit; }
};

class Message {
  public:
    explicit Message(std::uint64_t stamp) : stamp_(stamp) {}
    virtual ~Message() = default;
    virtual bool is_intact() const = 0;
    // Calls of new or delete that its life takes.
    virtual unsigned calls() const = 0;

  protected:
    std::uint64_t stamp() const { return stamp_; }

  private:
    std::uint64_t stamp_;
};

// Carries all in itself: one object.
template <unsigned kWords>
class ShortMessage final : public Message {
  public:
    explicit ShortMessage(std::uint64_t stamp) : Message(stamp) {
        for (unsigned i = 0; i < kWords; ++i) words_[i] = stamp + i;
    }
    bool is_intact() const override {
        for (unsigned i = 0; i < kWords; ++i)
            if (words_[i] != stamp() + i) return false;
        return true;
    }
    unsigned calls() const override { return 1; }

  private:
    std::uint64_t words_[kWords];
};

// Carries a text of any length: two objects. First, middle and last byte are checked of long ones.
class LongMessage final : public Message {
  public:
    LongMessage(std::uint64_t stamp, std::size_t length)
        : Message(stamp), text_(length, static_cast<char>(stamp)) {}
    bool is_intact() const override {
        const std::size_t step = text_.size() < 256 ? 1 : text_.size() / 16;
        for (std::size_t i = 0; i < text_.size(); i += step)
            if (text_[i] != static_cast<char>(stamp())) return false;
        return text_.back() == static_cast<char>(stamp());
    }
    unsigned calls() const override { return 2; }

  private:
    std::vector<char> text_;
};

using MessagePointer = std::unique_ptr<Message>;

std::size_t random_length(Random& random) {
    const std::uint64_t kind = random.below(4096);
    if (kind == 0) return 3'000'000;                  // a mapping of its own
    if (kind < 16) return 1 + random.below(200'000);  // slices
    if (kind < 256) return 1 + random.below(20'000);
    return 1 + random.below(600);
}

MessagePointer make_message(Random& random) {
    const std::uint64_t stamp = random.next();
    switch (random.below(4)) {
        case 0:
            return std::make_unique<ShortMessage<1>>(stamp);
        case 1:
            return std::make_unique<ShortMessage<6>>(stamp);
        case 2:
            return std::make_unique<ShortMessage<30>>(stamp);
        default:
            return std::make_unique<LongMessage>(stamp, random_length(random));
    }
}

// ---- what the processors share -----------------------------------------------------------------

constexpr unsigned kMailboxes = 256;
constinit std::atomic<Message*> g_mailboxes[kMailboxes]{};
constinit std::atomic<std::uint64_t> g_broken{0};
constinit std::atomic<std::uint64_t> g_handler_operations{0};

MessagePointer swap_mail(Random& random, MessagePointer message) {
    std::atomic<Message*>& box = g_mailboxes[random.below(kMailboxes)];
    return MessagePointer(box.exchange(message.release(), std::memory_order_acq_rel));
}

// Looks at a message that goes; the calls of delete that this takes.
unsigned discard(MessagePointer message) {
    if (message == nullptr) return 0;
    if (!message->is_intact()) g_broken.fetch_add(1, std::memory_order_relaxed);
    return message->calls();
}

// ---- the handlers of the timers ----------------------------------------------------------------

constinit Random g_handler_random[kCpuCount]{{0x9e3779b97f4a7c15}, {0xbf58476d1ce4e5b9}};

void handle_tick() {
    // A handler that interrupts this one may draw the same number: no harm.
    Random& random = g_handler_random[this_cpu().index];
    MessagePointer message = make_message(random);
    const unsigned made = message->calls();
    const unsigned gone = discard(swap_mail(random, std::move(message)));
    g_handler_operations.fetch_add(made + gone, std::memory_order_relaxed);
}

// ---- the workload ------------------------------------------------------------------------------

constexpr unsigned kKept = 2000;
constexpr std::uint64_t kLeastTicks = 100;        // of each processor, however few operations
constexpr std::uint64_t kCheckEvery = 1'000'000;  // operations
constinit std::uint64_t g_wanted_each = 0;
constinit std::uint64_t g_operations[kCpuCount]{};  // written by their processors
constinit std::atomic<unsigned> g_findings{0};      // of emma_check while both processors work
constinit std::atomic<std::size_t> g_trimmed{0};
constinit std::atomic<unsigned> g_at_work{0};
constinit std::atomic<unsigned> g_done{0};

void put_line(void*, const char* text, std::size_t length) { print(text, length); }

// While the other processor is at work: its heap is reached by the barrier.
void look_after_memory() {
    g_findings.fetch_add(emma_check(put_line, nullptr), std::memory_order_relaxed);
    g_trimmed.fetch_add(emma_trim(), std::memory_order_relaxed);
}

void work() {
    Cpu& here = this_cpu();
    Random random{0x2545f4914f6cdd1d + here.index * 0x123456789u};
    std::vector<MessagePointer> kept;  // grows as vectors do, so from time to time it moves
    std::uint64_t& operations = g_operations[here.index];
    std::uint64_t next_check = kCheckEvery;
    // Both begin together.
    g_at_work.fetch_add(1, std::memory_order_seq_cst);
    while (g_at_work.load(std::memory_order_seq_cst) < kCpuCount) spin_pause();
    start_timer();
    while (operations < g_wanted_each || here.ticks < kLeastTicks) {
        MessagePointer message = make_message(random);
        operations += message->calls();
        if (random.below(4) == 0) message = swap_mail(random, std::move(message));
        if (message != nullptr && kept.size() < kKept) {
            kept.push_back(std::move(message));
        } else if (message != nullptr) {
            std::swap(kept[random.below(kKept)], message);
            operations += discard(std::move(message));
        }
        if (here.index == 0 && operations >= next_check) {
            next_check += kCheckEvery;
            look_after_memory();
        }
    }
    stop_timer();
    for (MessagePointer& message : kept) operations += discard(std::move(message));
}

// ---- the result --------------------------------------------------------------------------------

struct Verdict {
    bool passed = true;
    void check(bool condition, const char* what) {
        if (condition) return;
        passed = false;
        print("kernel: WRONG: ");
        print(what);
        print("\n");
    }
};

void print_figure(const char* name, std::uint64_t value) {
    print("kernel: ");
    print(name);
    print(": ");
    print_number(value);
    print("\n");
}

std::uint64_t sum_of(std::uint64_t Cpu::*figure) { return cpu(0).*figure + cpu(1).*figure; }

Outcome judge() {
    print("kernel: statistics with the mail that is left\n");
    emma_report(put_line, nullptr);
    struct emma_stats stats;
    emma_stats(&stats);
    const std::size_t left = stats.live_objects;
    for (auto& box : g_mailboxes) discard(MessagePointer(box.load(std::memory_order_acquire)));

    print_figure("operations of processor 0", g_operations[0]);
    print_figure("operations of processor 1", g_operations[1]);
    print_figure("operations in interrupt handlers", g_handler_operations.load());
    print_figure("timer interrupts", sum_of(&Cpu::ticks));
    print_figure("... inside the allocator", sum_of(&Cpu::ticks_in_emma));
    print_figure("... inside another handler", sum_of(&Cpu::nested_ticks));
    print_figure("objects freed by the other processor or a handler", stats.remote_frees);
    print_figure("operations that borrowed a heap", stats.borrowed_heaps);
    print_figure("bytes given back by trims during the work", g_trimmed.load());

    Verdict verdict;
    verdict.check(left != 0, "no mail was left, so none was exchanged");
    verdict.check(g_operations[0] >= g_wanted_each && g_operations[1] >= g_wanted_each,
                  "a processor did too little");
    verdict.check(g_broken.load() == 0, "a message was overwritten");
    verdict.check(g_handler_operations.load() != 0, "the handlers did nothing");
    verdict.check(sum_of(&Cpu::ticks_in_emma) != 0, "no interrupt came inside the allocator");
    verdict.check(stats.remote_frees != 0, "nothing was freed by another");
    verdict.check(g_findings.load() == 0, "emma_check during the work");
    verdict.check(emma_check(put_line, nullptr) == 0, "emma_check at the end");
    (void)emma_trim();
    emma_stats(&stats);
    verdict.check(stats.live_objects == 0, "objects are left");
    verdict.check(stats.mapped_bytes == pages_taken(),
                  "Emma and the kernel count pages differently");
    verdict.check(stats.mapped_bytes < (1u << 20), "a trim leaves a megabyte");
    print_figure("bytes that Emma holds in the end", stats.mapped_bytes);
    return verdict.passed ? Outcome::kPassed : Outcome::kFailed;
}

// ---- the command line --------------------------------------------------------------------------

// What follows `name` in the line, or null.
const char* option(const char* line, const char* name) {
    for (; *line != '\0'; ++line) {
        const char* at = line;
        const char* expected = name;
        while (*expected != '\0' && *at == *expected) ++at, ++expected;
        if (*expected == '\0') return at;
    }
    return nullptr;
}

std::uint64_t number_at(const char* digits) {
    std::uint64_t value = 0;
    for (; *digits >= '0' && *digits <= '9'; ++digits)
        value = value * 10 + static_cast<std::uint64_t>(*digits - '0');
    return value;
}

[[noreturn]] void misbehave(const char* how) {
    if (*how == 'd') {  // double-free
        char* const object = new char[100];
        char* volatile again = object;
        delete[] object;
        delete[] again;
    } else {  // null
        volatile int* volatile nowhere = nullptr;
        *nowhere = 1;
    }
    print("kernel: it went unnoticed\n");
    end_run(Outcome::kFailed);
}

}  // namespace

void on_tick() { handle_tick(); }

extern "C" [[noreturn]] void second_main() {
    set_up_cpu(1);
    enable_interrupts();
    work();
    g_done.fetch_add(1, std::memory_order_seq_cst);
    for (;;) asm volatile("hlt");
}

extern "C" [[noreturn]] void kernel_main(std::uint64_t start_info) {
    const StartInfo& info = *at_physical<const StartInfo>(start_info);
    set_up_cpu(0);
    print("kernel: Emma ");
    print(emma_version());
    print("\n");
    const char* const line = command_line(info);
    print_figure("bytes of memory in the boot map", take_boot_memory(info));
    if (!start_second_cpu()) {
        print("kernel: the second processor did not start\n");
        end_run(Outcome::kFailed);
    }
    print_figure("processors", kCpuCount);
    enable_interrupts();
    if (const char* const how = option(line, "fault=")) misbehave(how);
    const char* const operations = option(line, "ops=");
    g_wanted_each = (operations != nullptr ? number_at(operations) : 10'000'000) / kCpuCount;
    work();
    while (g_done.load(std::memory_order_seq_cst) == 0) spin_pause();
    const Outcome outcome = judge();
    print(outcome == Outcome::kPassed ? "kernel: PASSED\n" : "kernel: FAILED\n");
    end_run(outcome);
}

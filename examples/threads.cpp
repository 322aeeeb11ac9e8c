// SPDX-License-Identifier: MIT OR Apache-2.0
// threads: producers make objects with new, hand them to consumers, and those delete them.
//
// The lesson: an object may be freed by any thread, at any time, also after the thread that
// allocated it has ended; nobody waits for anybody in Emma. Here every object that a consumer frees
// comes from another thread, and the producers are long gone when the last ones are freed. The
// program's own queue is the only place where a thread ever waits.
//
//   emma-c++ -O2 threads.cpp -o threads
#include <emma_crt.h>

#include <linux/futex.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstdint>
#include <new>

namespace {

constexpr int kPairCount = 3;
constexpr std::uint64_t kMessagesPerProducer = 20000;

// What travels: a linked message with a text of its own, both from operator new.
struct Message {
    std::uint64_t number;
    std::uint32_t* words;
    std::size_t word_count;
    Message* next;
};

// A stack of messages: any thread pushes, one consumer takes all at once, or sleeps.
class Mailbox {
  public:
    void push(Message* message) {
        message->next = head_.load(std::memory_order_relaxed);
        while (!head_.compare_exchange_weak(message->next, message, std::memory_order_release)) {
        }
        arrivals_.fetch_add(1, std::memory_order_release);
        emma_syscall(SYS_futex, &arrivals_, static_cast<long>(FUTEX_WAKE_PRIVATE), 1L);
    }

    Message* take_all() {
        for (;;) {
            const std::uint32_t seen = arrivals_.load(std::memory_order_acquire);
            Message* all = head_.exchange(nullptr, std::memory_order_acquire);
            if (all != nullptr) return all;
            emma_syscall(SYS_futex, &arrivals_, static_cast<long>(FUTEX_WAIT_PRIVATE),
                         static_cast<long>(seen), 0L);
        }
    }

  private:
    std::atomic<Message*> head_{nullptr};
    std::atomic<std::uint32_t> arrivals_{0};
};

Mailbox mailboxes[kPairCount];

void* produce(void* argument) {
    const auto producer = reinterpret_cast<std::uint64_t>(argument);
    for (std::uint64_t number = 1; number <= kMessagesPerProducer; ++number) {
        const std::size_t word_count = 1 + number % 60;
        auto* words = new std::uint32_t[word_count];
        for (std::size_t at = 0; at < word_count; ++at)
            words[at] = static_cast<std::uint32_t>(number);
        auto* message = new Message{number, words, word_count, nullptr};
        mailboxes[(producer + number) % kPairCount].push(message);
    }
    return nullptr;
}

// Reads, checks and deletes what arrives; its result is the sum of the messages' numbers.
void* consume(void* argument) {
    Mailbox& mailbox = *static_cast<Mailbox*>(argument);
    std::uint64_t sum = 0;
    // A message with the number 0 says that there will be no more.
    for (bool more = true; more;) {
        for (Message* message = mailbox.take_all(); message != nullptr;) {
            for (std::size_t at = 0; at < message->word_count; ++at) {
                if (message->words[at] != message->number) emma_exit(1);
            }
            more = more && message->number != 0;
            sum += message->number;
            delete[] message->words;
            Message* next = message->next;
            delete message;
            message = next;
        }
    }
    return reinterpret_cast<void*>(sum);
}

std::uint64_t join(emma_thread* thread) {
    void* result = nullptr;
    if (emma_thread_join(thread, &result) != 0) emma_exit(1);
    return reinterpret_cast<std::uint64_t>(result);
}

emma_thread* start(emma_thread_function function, void* argument) {
    emma_thread* thread = nullptr;
    if (emma_thread_create(&thread, nullptr, function, argument) != 0) emma_exit(1);
    return thread;
}

void print(const char* text) {
    std::size_t length = 0;
    while (text[length] != 0) ++length;
    emma_syscall(SYS_write, 1L, text, length);
}

void print(std::uint64_t number) {
    char digits[21];
    char* first = digits + sizeof digits - 1;
    *first = 0;
    do {
        *--first = static_cast<char>('0' + number % 10);
    } while (number /= 10);
    print(first);
}

}  // namespace

int main() {
    emma_thread* consumers[kPairCount];
    emma_thread* producers[kPairCount];
    for (long index = 0; index < kPairCount; ++index) {
        consumers[index] = start(consume, &mailboxes[index]);
        producers[index] = start(produce, reinterpret_cast<void*>(index));
    }
    for (emma_thread* producer : producers) join(producer);
    // The producers' threads are gone; what is still in the mailboxes outlived them.
    for (Mailbox& mailbox : mailboxes) mailbox.push(new Message{0, nullptr, 0, nullptr});
    std::uint64_t sum = 0;
    for (emma_thread* consumer : consumers) sum += join(consumer);

    const std::uint64_t expected =
        kPairCount * kMessagesPerProducer * (kMessagesPerProducer + 1) / 2;
    print("messages handed over: ");
    print(kPairCount * kMessagesPerProducer);
    print(sum == expected ? ", every one read and freed by another thread\n"
                          : ": some were lost\n");
    return sum == expected ? 0 : 1;
}

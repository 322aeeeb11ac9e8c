// SPDX-License-Identifier: MIT OR Apache-2.0
// pmr: containers of std::pmr over heaps of Emma's, in an ordinary program with a libc.
//
// The lesson: emma::memory_resource hands a heap of one's own to any container of std::pmr, and the
// containers hand it on to what they hold: a whole document, strings within maps within maps, lies
// in one heap. So it can be given a limit, built and read by several threads, and thrown away at
// once, without a walk over its nodes. A document that outgrows its limit ends in std::bad_alloc
// and harms no other.
//
//   g++ -std=c++20 pmr.cpp -pthread -lemma_beside
#include <emma.hpp>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory_resource>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

// Customers' orders: how many of each item, and the notes they left.
struct Orders {
    using allocator_type = std::pmr::polymorphic_allocator<>;
    explicit Orders(allocator_type allocator) : by_customer(allocator), notes(allocator) {}

    std::pmr::map<std::pmr::string, std::pmr::map<std::pmr::string, long>> by_customer;
    std::pmr::vector<std::pmr::string> notes;

    // A line is `customer,item,count,note`.
    void add(std::string_view line) {
        const auto take = [&line] {
            const std::size_t end = line.find(',');
            const std::string_view field = line.substr(0, end);
            line.remove_prefix(end == line.npos ? line.size() : end + 1);
            return field;
        };
        const auto customer = take(), item = take(), count = take();
        const auto allocator = by_customer.get_allocator();
        by_customer[std::pmr::string(customer, allocator)][std::pmr::string(item, allocator)] +=
            std::strtol(std::string(count).c_str(), nullptr, 10);
        if (!line.empty()) notes.emplace_back(line);
    }
    long total() const {
        long sum = 0;
        for (const auto& [customer, items] : by_customer)
            for (const auto& [item, count] : items) sum += count;
        return sum;
    }
};

std::string line_of(int number) {
    return "customer with a long name " + std::to_string(number % 97) +
           ",an article of some kind " + std::to_string(number % 1009) + ',' +
           std::to_string(number % 13) +
           (number % 5 == 0
                ? ",please leave it with the neighbours at number " + std::to_string(number)
                : "");
}

long expected_total(int lines) {
    long sum = 0;
    for (int i = 0; i < lines; i++) sum += i % 13;
    return sum;
}

// Whether all that a document holds lies in the heap.
bool lies_in(const Orders& orders, const emma::Heap& heap) {
    for (const auto& [customer, items] : orders.by_customer) {
        if (!heap.owns(customer.data())) return false;
        for (const auto& [item, count] : items)
            if (!heap.owns(item.data())) return false;
    }
    for (const auto& note : orders.notes)
        if (!heap.owns(note.data())) return false;
    return true;
}

bool expect(bool holds, const char* what) {
    std::printf("%-62s %s\n", what, holds ? "yes" : "NO");
    return holds;
}

std::size_t live_by_default() {
    struct emma_stats stats;
    emma_stats(&stats);
    return stats.live_objects;
}

}  // namespace

int main() {
    constexpr int kLines = 50000;
    bool good = true;

    // One document, built here and read by another thread. It is never destroyed: its heap is.
    {
        emma::Heap heap;
        emma::memory_resource resource(heap);
        auto* const orders = std::pmr::polymorphic_allocator<>(&resource).new_object<Orders>();
        for (int i = 0; i < kLines; i++) orders->add(line_of(i));
        long total = 0;
        std::thread([&] { total = orders->total(); }).join();
        good &= expect(total == expected_total(kLines), "a document of 50000 orders adds up");
        good &= expect(heap.owns(orders) && lies_in(*orders, heap), "all of it lies in its heap");
        struct emma_stats stats;
        emma_heap_stats(heap.get(), &stats);
        std::printf("  %zu objects, %zu KiB, gone with the heap at once\n", stats.live_objects,
                    stats.live_bytes >> 10);
        good &= expect(live_by_default() == 0, "nothing of it lies anywhere else of Emma's");
    }

    // Four at once, each in a heap of its own; the third has too little room.
    std::vector<std::thread> threads;
    bool outcomes[4] = {};
    for (int n = 0; n < 4; n++)
        threads.emplace_back([n, &outcome = outcomes[n]] {
            emma_heap_options options{};
            if (n == 2) options.limit_bytes = std::size_t{2} << 20;
            emma::Heap heap(options);
            emma::memory_resource resource(heap);
            try {
                Orders orders(&resource);
                for (int i = 0; i < kLines; i++) orders.add(line_of(i));
                outcome =
                    n != 2 && orders.total() == expected_total(kLines) && lies_in(orders, heap);
            } catch (const std::bad_alloc&) {
                outcome = n == 2;
            }
            outcome = outcome && emma_heap_check(heap.get(), nullptr, nullptr) == 0;
        });
    for (auto& thread : threads) thread.join();
    good &= expect(outcomes[0] && outcomes[1] && outcomes[3],
                   "three documents by three threads are whole");
    good &= expect(outcomes[2], "the one with a limit of 2 MiB ended in std::bad_alloc");

    // Without a heap the resource is the default instance: for the containers that ask for none.
    emma::memory_resource everywhere;
    std::pmr::set_default_resource(&everywhere);
    std::pmr::vector<std::pmr::string> words(100, "a word too long for the string itself");
    good &= expect(emma_owns(words.data()) && emma_owns(words[99].data()),
                   "as the default resource it serves every container of std::pmr");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

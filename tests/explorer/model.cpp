// SPDX-License-Identifier: MIT OR Apache-2.0
// Views and stores. Everything that a run needs is kept from run to run, so that a run allocates
// nothing once the first ones are over.
#include "tests/explorer/model.h"

#include <cstring>

#include "tests/explorer/memory.h"

namespace emma::explore {
namespace {

bool acquires(int order) {
    return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME || order == __ATOMIC_ACQ_REL ||
           order == __ATOMIC_SEQ_CST;
}
bool releases(int order) {
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

std::uint64_t mask_of(unsigned bytes) { return ~std::uint64_t{0} >> (64 - 8 * bytes); }

std::uint64_t result_of(const Operation& operation, std::uint64_t old) {
    switch (operation.kind) {
        case Kind::kAdd:
            return old + operation.operand;
        case Kind::kSubtract:
            return old - operation.operand;
        case Kind::kAnd:
            return old & operation.operand;
        case Kind::kOr:
            return old | operation.operand;
        case Kind::kXor:
            return old ^ operation.operand;
        default:
            return operation.operand;
    }
}

}  // namespace

Model model;

void View::raise(std::size_t location, std::size_t store) {
    if (location >= seen.size()) seen.resize(location + 1);
    if (seen[location] < store) seen[location] = static_cast<std::uint16_t>(store);
}

void View::join(const View& other) {
    clock.join(other.clock);
    if (other.seen.size() > seen.size()) seen.resize(other.seen.size());
    for (std::size_t i = 0; i < other.seen.size(); ++i)
        if (seen[i] < other.seen[i]) seen[i] = other.seen[i];
}

void Model::reset() {
    ++run_;
    location_count_ = cell_count_ = message_count_ = 0;
    for (unsigned t = 0; t < kMaxThreads; ++t) {
        threads_[t].view.seen.clear();
        threads_[t].view.clock = {};
        threads_[t].view.clock.of[t] = 1;
        threads_[t].unacquired.clear();
    }
    barrier_view_.seen.clear();
    barrier_view_.clock = {};
}

Model::Bucket& Model::bucket(Bucket* table, std::uintptr_t key) {
    std::size_t at = (key * 0x9e3779b97f4a7c15) >> 52;
    while (table[at].run == run_ && table[at].key != key) at = (at + 1) % kBuckets;
    return table[at];
}

Location& Model::location(const Operation& operation) {
    Bucket& found = bucket(location_table_, operation.address);
    if (found.run == run_ && found.index != ~0u) return locations_[found.index];
    if (location_count_ == kBuckets / 2) fail("the explorer has room for no more locations");
    if (location_count_ == locations_.size()) locations_.emplace_back();
    Location& fresh = locations_[location_count_];
    fresh.address = operation.address;
    fresh.bytes = operation.bytes;
    fresh.stores.clear();
    std::uint64_t value = 0;
    std::memcpy(&value, reinterpret_cast<const void*>(operation.address), operation.bytes);
    fresh.stores.push_back({value, -1, -1});
    fresh.last_sequential = 0;
    fresh.last_write = -1;
    for (int& event : fresh.last_read) event = -1;
    found = {operation.address, run_, static_cast<std::uint32_t>(location_count_++)};
    cell_of(operation.address).has_location = true;
    return fresh;
}

std::uint16_t Model::readable_from(unsigned thread, const Operation& operation) {
    const Location& where = location(operation);
    if (!operation.is_load()) return where.newest();
    const std::uint16_t seen = threads_[thread].view.of(index_of(where));
    return operation.is_sequential() && where.last_sequential > seen ? where.last_sequential : seen;
}

int Model::new_message(const View& view) {
    if (message_count_ == messages_.size()) messages_.emplace_back();
    messages_[message_count_].clock = view.clock;
    messages_[message_count_].seen.assign(view.seen.begin(), view.seen.end());
    return static_cast<int>(message_count_++);
}

void Model::acquire(unsigned thread, int message, int order) {
    if (message < 0) return;
    if (acquires(order)) {
        threads_[thread].view.join(messages_[static_cast<std::size_t>(message)]);
    } else {
        threads_[thread].unacquired.push_back(message);
    }
}

void Model::fence_acquire(unsigned thread) {
    for (const int message : threads_[thread].unacquired)
        threads_[thread].view.join(messages_[static_cast<std::size_t>(message)]);
    threads_[thread].unacquired.clear();
}

void Model::append(Event& event, int event_index, Location& where, std::uint64_t value) {
    const Operation& operation = event.operation;
    View& view = threads_[event.thread].view;
    // A read-modify-write continues what the store it has read carries.
    int message = operation.kind == Kind::kStore ? -1 : where.stores.back().message;
    const std::size_t location = index_of(where);
    view.raise(location, where.stores.size());
    if (releases(operation.order)) {
        const int continued = message;
        message = new_message(view);
        if (continued >= 0)
            messages_[static_cast<std::size_t>(message)].join(
                messages_[static_cast<std::size_t>(continued)]);
    }
    where.stores.push_back({value, message, event_index});
    if (operation.is_sequential()) where.last_sequential = where.newest();
    std::memcpy(reinterpret_cast<void*>(operation.address), &value, operation.bytes);
    event.wrote = true;
    event.left = value;
}

void Model::barrier(Event& event) {
    for (const unsigned passing : {event.thread, event.operation.target, event.thread}) {
        View& view = threads_[passing].view;
        // Of the clocks nothing is passed on: to know that another is done takes more than a fence.
        const Clock own = view.clock;
        const Clock common = barrier_view_.clock;
        view.join(barrier_view_);
        barrier_view_.join(view);
        view.clock = own;
        barrier_view_.clock = common;
    }
}

void Model::execute(Event& event, int event_index, std::uint16_t store) {
    const Operation& operation = event.operation;
    View& view = threads_[event.thread].view;
    if (operation.kind == Kind::kBarrier) {
        barrier(event);
        ++view.clock.of[event.thread];
        return;
    }
    Location& where = location(operation);
    const std::uint64_t mask = mask_of(operation.bytes);
    event.store_read = operation.is_load() ? store : where.newest();
    const Store read = where.stores[event.store_read];
    event.found = read.value;
    event.wrote = false;
    const bool fails =
        operation.kind == Kind::kCompareExchange && read.value != (operation.expected & mask);
    const bool writes = !operation.is_load() && !fails;
    if (operation.kind != Kind::kStore) {
        view.raise(index_of(where), event.store_read);
        acquire(event.thread, read.message, fails ? operation.failure_order : operation.order);
    }
    // After that: what the store carries makes earlier accesses known.
    touch({event.thread, operation.address, writes, true}, operation.bytes);
    if (writes) append(event, event_index, where, result_of(operation, read.value) & mask);
    ++view.clock.of[event.thread];
}

}  // namespace emma::explore
